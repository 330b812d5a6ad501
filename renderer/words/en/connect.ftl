### The view "connect": the state of the connection in plain words.

## What pressing the big button does

connect-press-connect = Connect
connect-press-retry = Try again
connect-press-cancel = Cancel
connect-press-disconnect = Disconnect
connect-press-wait = One moment
connect-press-add-bridge = Add a bridge

## States: a headline, one sentence, and what to do next

connect-headline-off = Not connected
connect-about-off = Your programs use the Internet as always. Press Connect to send their traffic through the Tor network.
connect-about-needs-bridge = You chose to connect through bridges only, and there is none to use yet.
connect-next-needs-bridge = Add a bridge, or turn on one that you have. Until then, nothing is sent.

connect-headline-checking = Starting
connect-about-checking = Allium starts up and looks at the network.

connect-headline-no-network = No Internet connection
connect-about-no-network = This computer is not connected to a network.
connect-next-no-network = Check the cable or the Wi-Fi. Allium goes on by itself as soon as there is a network.

connect-headline-clock-wrong = Your clock is wrong
connect-about-clock-behind = This computer's clock is { $by } behind. Tor relies on the time to tell good answers from old ones.
connect-about-clock-ahead = This computer's clock is { $by } ahead. Tor relies on the time to tell good answers from old ones.
connect-next-clock-wrong = Set date, time and time zone in your system's settings. Allium goes on by itself.

connect-headline-connecting = Connecting

connect-headline-slow = Connecting slowly
connect-about-slow = It moves, but slower than usual. The network may be busy, or your connection weak.
connect-next-slow = You can simply wait.

connect-headline-stalled = No progress
connect-about-stalled = Nothing has moved for a while. Allium goes on trying other relays.
connect-next-stalled = If it stays like this, your network may hold Tor up. A bridge can get around that.

connect-headline-blocked = Tor may be blocked here
connect-about-blocked = There is a network, but no relay answers. Somebody on the way may block Tor.
connect-next-blocked = Add a bridge: an entrance to Tor that is on no public list.

connect-headline-asking = Asking for help
connect-about-asking = The bridge service is asked which ways work where you are.
connect-about-asking-tor = The bridge service is asked through Tor which ways work where you are.
connect-about-asking-front = The bridge service is asked which ways work where you are: in disguise, through a large web service.
connect-about-asking-older-front = The bridge service did not answer. It is asked again in an older disguise.
connect-about-asking-other-front = The bridge service did not answer. It is asked once more in a third disguise, through another web service.
connect-next-asking = If it does not answer, Allium goes on with the bridges that it has.

connect-headline-trying = Trying { $way }
connect-about-trying-silent = Nothing has come back yet. Allium gives it a little longer.
connect-next-trying = If it stops, { $way } comes next.
connect-next-brief = The direct way did not work on this network before: if nothing comes back within seconds, { $way } comes next.
connect-next-trying-last = This is the last way of this round.

connect-headline-cooling = Waiting a moment
connect-about-cooling = The next way was tried a short while ago. Trying it again at once is what censors punish.
connect-next-cooling = It is tried again in { $time }.

connect-headline-resting = No way has led there yet
connect-about-resting = Every way that Allium has was tried, and each one was stopped. Nothing is sent until the next round.
connect-headline-help-unreachable = No way yet, and no help
connect-about-help-unreachable = Every way that Allium has was tried, and the bridge service is out of reach, too. That says nothing about your country: its own way in may be blocked.
connect-next-resting = All ways are tried again in { $time }. A bridge from somebody whom you trust is the best help now.
connect-next-resting-soon = All ways are tried again in a moment.

connect-headline-connected = Connected
connect-about-connected = A request has gone through three relays and come back. Only programs that use Allium as their proxy are protected.
connect-next-connected = Turn on the system proxy below to send your programs through it, or give single programs the addresses.
connect-about-connected-system = A request has gone through three relays and come back. Programs that follow your system proxy are protected.

connect-headline-proxy-not-applied = Connected, but not used
connect-about-proxy-not-applied = The connection works, but the system proxy that you asked for is not in force. Your programs go past Allium.
connect-next-proxy-not-applied = Look at what keeps the setting from working.

connect-headline-degraded = The connection has trouble
connect-about-degraded = It worked, and now paths through the network fail. Programs that use Allium wait. All others go past Allium.
connect-about-degraded-system = It worked, and now paths through the network fail. Nothing leaks: programs that follow your system proxy wait.
connect-next-degraded = Allium builds new paths by itself. This often takes less than a minute.

connect-headline-failed = Could not connect
connect-about-failed = This attempt has ended.
connect-next-failed-none = Try again. If it fails again, the log says more.
connect-next-failed-retrying = Try again. If it fails again, the log says more.
connect-next-failed-next-way = Try again. If it fails again, the log says more.
connect-next-failed-asking-help = Try again. If it fails again, the log says more.
connect-next-failed-next-round = Try again. If it fails again, the log says more.
connect-next-failed-waiting-for-network = Check the cable or the Wi-Fi, then try again.
connect-next-failed-fix-clock = Set date, time and time zone in your system's settings, then try again.
connect-next-failed-add-bridges = Add a bridge, or turn on one that you have. Then try again.
connect-next-failed-check-proxy = Check the proxy that you told Allium to use, then try again.
connect-next-failed-restarting-core = Try again. If it fails again, the log says more.
connect-next-failed-update-app = This version is too old for the network. Get a newer Allium.

connect-headline-protected-down = Interrupted
connect-headline-protected-down-system = Interrupted, nothing leaks
connect-about-protected-down-system = The part of Allium that speaks to the network has stopped. The system proxy still points to it, so nothing leaves your computer through the proxy.
connect-about-protected-down = The part of Allium that speaks to the network has stopped. Programs that use Allium as their proxy reach nothing until it is back. All others go past Allium.
connect-next-restarting = It is being started again now.
connect-next-restart-in = { $seconds ->
    [one] It is started again in one second.
   *[other] It is started again in { $seconds } seconds.
}

connect-without-rules = Go on without rules…
connect-without-rules-title = Go on without your rules for sites?
connect-without-rules-about = Every site that you blocked is open then, and no site keeps its country or its exit. The damaged file is kept beside its old place, in case you can repair it.
connect-without-rules-confirm = Set the file aside and connect
connect-without-rules-announce = The file is set aside. There are no rules for sites any more.

connect-headline-restoring = Disconnecting
connect-about-restoring = Your old system settings are being put back.

connect-place-bridges = Use bridges
connect-place-system-proxy = Open system proxy
connect-place-logs = Open the log
connect-place-about = See the version
connect-give-up = Stay disconnected

## Progress

connect-progress = Progress
connect-step = Step { $number } of { $total }: { $name }
connect-step-start = Start
connect-step-reach-network = Reach the Tor network
connect-step-get-directory = Get the list of relays
connect-step-get-relays = Get to know the relays
connect-step-build-circuit = Build a path
connect-step-verify = Check that it works
connect-count = { $done } of { $total }
connect-elapsed = Time so far:

connect-phase-starting = Allium starts up.
connect-phase-conn = Looking for a relay that answers.
connect-phase-conn-done = A relay answered.
connect-phase-handshake = Agreeing on encryption with the relay.
connect-phase-handshake-done = The connection to the relay is encrypted.
connect-phase-onehop-create = Asking the relay for a way to the list of relays.
connect-phase-requesting-status = Asking for the list of all relays.
connect-phase-loading-status = Loading the list of all relays.
connect-phase-loading-keys = Loading the keys that prove that the list is genuine.
connect-phase-requesting-descriptors = Asking what each relay can do.
connect-phase-loading-descriptors = Loading what each relay can do. The first time this takes longest; then it is kept.
connect-phase-enough-dirinfo = Enough is known about the relays to choose among them.
connect-phase-ap-conn = Connecting to the relay that will be your entrance.
connect-phase-ap-conn-done = Your entrance answered.
connect-phase-ap-handshake = Agreeing on encryption with your entrance.
connect-phase-ap-handshake-done = The connection to your entrance is encrypted.
connect-phase-circuit-create = Building a path through three relays.
connect-phase-done = The path is there. Checking that a request comes through.

## While connected

connect-verified = Last verified
connect-not-verified = not yet
connect-seen-from = Sites see you in
connect-seen-nowhere = no site in use yet
connect-received = Receiving
connect-sent = Sending
connect-in-all = { $amount } so far

connect-system-proxy = System proxy
connect-system-proxy-about = Sends every program that follows your system's proxy setting through Allium.
connect-system-proxy-unsupported = Allium cannot set the proxy of this desktop. Programs can be told one by one.
connect-system-proxy-addresses = Show the addresses
connect-at-start = Connect when Allium starts
connect-at-start-about = Without being asked, in the way that worked before.
connect-at-start-later = Can be turned on once you have connected for the first time.

## Attempts

connect-attempts = Attempts
connect-attempts-all = Show all { $count }
connect-attempts-fewer = Show fewer
connect-way-direct = Directly
connect-way-bridges = { $count ->
    [one] Through one bridge
   *[other] Through { $count } bridges
}
connect-way-transports = { $count ->
    [one] Through one bridge ({ $transports })
   *[other] Through { $count } bridges ({ $transports })
}
connect-outcome-running = under way
connect-outcome-connected = connected
connect-outcome-cancelled = cancelled
connect-outcome-failed = failed
connect-outcome-stalled = no progress
connect-took = after { $time }
connect-came-to = Came to step { $number } of { $total }: { $name } ({ $percent })
connect-then-retrying = Next: Allium tries other relays.
connect-then-next-way = Next: Allium tries another way.
connect-then-next-way-named = Next: { $way }.
connect-then-asking-help = Next: Allium asks the bridge service for other ways.
connect-then-next-round = Next: Allium tries all ways again after a while.
connect-then-waiting-for-network = Next: Allium waits for a network.
connect-then-fix-clock = Next: set your clock.
connect-then-add-bridges = Next: add a bridge.
connect-then-check-proxy = Next: check the proxy in your settings.
connect-then-restarting-core = Next: Allium's core is started again.
connect-then-update-app = Next: get a newer Allium.

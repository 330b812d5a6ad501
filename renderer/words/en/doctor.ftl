### The connection doctor: what it asks, what it finds, and the one thing to do about it.

doctor-open = Check my connection
doctor-title = Check my connection
doctor-about = Looks for what stands between this computer and the Internet, one thing after the other. This is what it asks:
doctor-card = Does something not work?
doctor-card-about = Finds out whether the network, its sign-in page, the clock, names, encryption or a firewall is in the way.

doctor-start = Check now
doctor-again = Check again
doctor-stop = Stop
doctor-quiet = Look at this computer only
doctor-agree = Agree, and ask all of this once
doctor-running = Checking: { $check }
doctor-plan = What is asked
doctor-results = Results
doctor-shows = Your network sees these questions. They are what browsers and video calls send, too; none of them goes through Tor.
doctor-hidden = You chose to hide that you use Tor
doctor-hidden-about = None of these questions has to do with Tor, but your network sees that this computer asks them, all within a minute. They are sent only if you agree, and only this time.
doctor-nobody = On a test network nobody outside is asked. Only this computer is looked at.

doctor-verdict-good = Good
doctor-verdict-bad = Not good
doctor-verdict-unknown = Not known
doctor-verdict-not-asked = Not asked
doctor-verdict-not-used = Does not matter

doctor-summary-bad = { $count ->
    [one] One thing is in the way: { $check }.
   *[other] { $count } things are in the way. Begin with: { $check }.
}
doctor-summary-good = Nothing is wrong with your connection. If Allium still cannot connect, somebody blocks Tor itself: use a bridge.
doctor-summary-quiet = Nothing is wrong as far as can be told without asking anybody.

doctor-check-link = Network
doctor-check-proxy = Proxy
doctor-check-portal = Sign-in page
doctor-check-tcp = Way to the Internet
doctor-check-clock = Clock
doctor-check-names = Looking up names
doctor-check-tls = Encryption
doctor-check-udp = Calls and video (UDP)
doctor-check-ports = Firewall

doctor-plan-link = Reads this computer's own settings. Sends nothing.
doctor-plan-proxy = Connects through your proxy, and hangs up:
doctor-plan-portal = Asks for small pages whose text is known:
doctor-plan-tcp = Connects to large services, and hangs up:
doctor-plan-clock = Reads the time from the answers. Sends nothing more.
doctor-plan-names = Looks up well-known names, and one that does not exist:
doctor-plan-tls = Begins encrypted connections, and checks who answers:
doctor-plan-udp = Sends what a video call begins with:
doctor-plan-ports = Connects to ports that firewalls like to close:

doctor-good-link = This computer has a network address.
doctor-good-proxy = Your proxy answers, and the Internet can be reached through it.
doctor-good-portal = Nobody stands between you and web pages.
doctor-good-tcp = Services on the Internet can be reached.
doctor-good-clock = Date and time are right.
doctor-good-names = Names are looked up honestly.
doctor-good-tls = Encrypted connections are neither opened nor cut off.
doctor-good-udp = Datagrams go out and answers come back.
doctor-good-ports = Unusual ports can be reached, too.

doctor-bad-tcp = Nothing on the Internet can be reached from here.
doctor-bad-udp = The network lets no datagrams through. Snowflake needs them.
doctor-unknown = The answers do not tell.
doctor-no-proxy = No proxy is set.

doctor-finding-no-address = This computer is not connected to any network.
doctor-finding-self-assigned = This computer is connected, but the network gave it no address.
doctor-finding-proxy-silent = Your proxy does not answer, or does not let Allium through.
doctor-finding-behind-proxy = All goes through your proxy, so this was not asked past it.
doctor-finding-sign-in-page = The network shows a page of its own instead of the one that was asked for.
doctor-finding-other-answer = Something on the way answers in place of the pages that were asked.
doctor-finding-clock-ahead = This computer's clock is { $by } ahead. Tor refuses answers that seem too old.
doctor-finding-clock-behind = This computer's clock is { $by } behind. Tor refuses answers that seem to come from the future.
doctor-finding-names-invented = Your network invents an address even for a name that nobody has.
doctor-finding-names-changed = Your network gives a false address for a well-known name.
doctor-finding-names-of-tor-hidden = Your network hides names that have to do with Tor, so it may block Tor, too.
doctor-finding-names-unanswered = Names cannot be looked up on this network.
doctor-finding-tls-intercepted = Somebody on the way opens encrypted connections: a virus scanner, an office network, or an attacker. Tor itself notices that and refuses to be opened.
doctor-finding-tls-cut = Connections are cut off as soon as they are encrypted.
doctor-finding-tls-dates = By this computer's clock, everybody's certificate is of another time.
doctor-finding-ports-filtered = A firewall lets only some ports through.
doctor-finding-after-failure = First fix what is above.
doctor-finding-hidden = Left out, so that nothing is shown to your network.
doctor-finding-no-servers = Nobody is asked on a test network.

doctor-fix-join-network = Check the cable or the Wi-Fi. If it stays like this, restart the router.
doctor-fix-check-proxy = Check the proxy's address, name and password.
doctor-fix-set-proxy = Ask whoever runs the network whether it needs a proxy, and enter it. Else use another network.
doctor-fix-sign-in = Open your web browser without Allium and visit any page: sign in there, then check again.
doctor-fix-set-clock = Set date, time and time zone in your system's settings.
doctor-fix-use-bridge = Connect through a bridge.
doctor-fix-use-obfs4 = Use obfs4 bridges: they need neither names nor ordinary encryption.
doctor-fix-end-inspection = Turn off the inspection of encrypted traffic in your virus scanner, or use another network.
doctor-fix-avoid-snowflake = Use obfs4 or WebTunnel bridges instead of Snowflake.
doctor-fix-use-open-ports = Let Allium use only relays and bridges on the open ports: { $ports }.

doctor-go-settings = Open the proxy settings
doctor-go-bridges = Choose bridges
doctor-set-ports = Use only these ports
doctor-ports-set = Allium uses only these ports now.

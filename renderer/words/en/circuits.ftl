### The view "circuits".

circuits-title = Circuits
circuits-about = No relay knows both who you are and what you visit.
circuits-map = Map of circuits
circuits-list = List of circuits

circuits-empty = No circuits yet
circuits-empty-about = As soon as Allium connects, you see here which way your traffic takes.
circuits-empty-action = Go to Connect
circuits-none-match = No circuit fits this filter.

circuits-filter = Which circuits to show
circuits-filter-all = All
circuits-filter-used = Used
circuits-filter-building = Being built

circuits-group-building = Being built
circuits-group-used = In use
circuits-group-reserve = Ready and waiting
circuits-group-closed = Just closed

circuits-name-directory = List of relays
circuits-name-onion = Onion service
circuits-name-reserve = In reserve
circuits-name-building = New circuit
circuits-name-retired = No longer used
circuits-more-sites = { $sites } and { $more } more

circuits-state-building = { $done } of { $total } relays
circuits-state-waiting = waiting
circuits-state-open = open
circuits-state-closed = closed
circuits-state-retired = retired
circuits-state-about-building = This circuit is being built, one relay after the other.
circuits-state-about-waiting = Built, and held back for a moment: a better entry relay may still answer.
circuits-state-about-waiting-set = Built, and held back for a moment: the other way to the same exit is not ready yet.
circuits-state-about-open = Takes traffic.
circuits-state-about-closed = This circuit is gone. Nothing uses it any more.
circuits-state-about-retired = Takes no new connections. It closes when those on it have ended.
circuits-purpose-directory = Fetches the list of relays. Nothing of yours goes through it.
circuits-purpose-reserve = Built ahead, so that the next site need not wait.
circuits-purpose-internal = Leads to an onion service: it never leaves the network, so there is no exit.

circuits-set =
    { $count ->
        [2] two ways to the same exit
       *[other] { $count } ways to the same exit
    }
circuits-set-about =
    { $count ->
        [2] Two circuits carry this traffic together, which makes it faster. Each begins at an entry relay of its own, and both end at the same exit. They open and close as one.
       *[other] { $count } circuits carry this traffic together, which makes it faster. Each begins at an entry relay of its own, and all end at the same exit. They open and close as one.
    }
circuits-set-way = Way { $number }

circuits-way = Relays: { $countries }
circuits-streams =
    { $count ->
        [0] no connections
        [one] one connection
       *[other] { $count } connections
    }
circuits-age = { $age } old
circuits-age-new = under 1 min
circuits-traffic = { $down } received, { $up } sent

circuits-hops = Relays of this circuit, from you outwards
circuits-hop-you = You
circuits-hop-you-unknown = Allium does not know where you are, and does not guess.
circuits-hop-you-known = In { $country }, as far as Allium can tell.
circuits-hop-onion = Onion service relays
circuits-hop-onion-about = The relays that the onion service chose for its own half of the way. Nobody but the service knows them.
circuits-hop-site-about = Sees only the exit relay, in { $country }.
circuits-hop-site-about-unknown = Sees only the exit relay.
circuits-hop-pending =
    { $count ->
        [one] One more relay to come
       *[other] { $count } more relays to come
    }
circuits-role-guard = Entry (guard)
circuits-role-bridge = Entry (bridge)
circuits-role-middle = Middle
circuits-role-exit = Exit
circuits-role-directory = Directory
circuits-role-end = Last relay
circuits-rtt = round trip { $time }
circuits-flags = Flags
circuits-relay-details = Flags and fingerprint
circuits-fingerprint = Fingerprint
circuits-copy-fingerprint = Copy the fingerprint of { $relay }

circuits-reason-guard = Your entry relay since { $date }. It may not change for months: each change would show your address to one more relay, and some of them watch.
circuits-reason-guard-new = Your entry relay. It may not change for months: each change would show your address to one more relay, and some of them watch.
circuits-reason-bridge = Your bridge, an entry that no public list names. It stays as long as you use it.
circuits-reason-weight = Drawn by lot. The more traffic a relay can carry, the likelier it is drawn.
circuits-reason-exit-policy = Drawn by lot among the relays that allow what was asked for.
circuits-reason-country = Your rule for this site: it is to see you in { $country }.
circuits-reason-pin = You pinned this exit for this site.
circuits-reason-options = Chosen by a setting of yours.
circuits-reason-directory = Hands out the list of relays.

circuits-copy = Copy details
circuits-close = Close circuit
circuits-close-title = Close this circuit?
circuits-close-about =
    { $count ->
        [one] One connection is open on it and will be cut off.
       *[other] { $count } connections are open on it and will be cut off.
    }
circuits-closed-announce = Circuit closed
circuits-show-site = Rules for { $site }

circuits-text-title = Circuit { $id }: { $name }
circuits-text-state = State: { $state }, { $age } old
circuits-text-traffic = Traffic: { $down } received, { $up } sent, { $streams }
circuits-text-hop = { $order }. { $role }: { $name }, { $country }, { $address }
circuits-text-fingerprint = fingerprint { $fingerprint }
circuits-text-flags = flags { $flags }
circuits-text-rtt = round trip { $time }

circuits-traffic-title = Traffic
circuits-traffic-down = Received
circuits-traffic-up = Sent
circuits-traffic-session = Since Allium connected
circuits-traffic-now = { $rate } now
circuits-traffic-summary = Traffic of the last five minutes. Now { $down } received and { $up } sent; at most { $peakDown } and { $peakUp }.
circuits-traffic-quiet = Nothing was sent or received in the last five minutes.

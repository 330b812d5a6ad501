### The view "sites".

sites-title = Sites
sites-about = Each site gets a circuit of its own, so that no exit relay can tie your visits together. A new circuit takes other relays; your entry relay (guard) stays, for your protection.
sites-list = Sites
sites-search = Search sites
sites-none-match = No site is called that.
sites-empty = No sites yet
sites-empty-about = Sites that you visit through Allium appear here. You can set a rule for one before you visit it.

sites-add = Add a site
sites-add-about = Set a rule before you visit a site. It holds for the whole site, with everything below its name.
sites-add-name = Site
sites-add-example = example.com
sites-add-fault = Write the name of a site, such as example.com.
sites-add-whole = Rules hold for whole sites. Write the main name, such as example.com instead of www.example.com.
sites-add-rule = Rule
sites-add-country = Appear from a country
sites-add-block = Block it
sites-add-next = Choose the country

sites-seen-from = Seen from
sites-seen-from-nowhere = Not connected now
sites-onion = Onion service: it does not see where you come from
sites-used = used
sites-open-circuit-of = Show the circuit of { $site }
sites-new-circuit = New circuit
sites-new-circuit-for = New circuit for { $site }
sites-new-circuit-hint = Takes other relays for this site. Your entry relay (guard) stays, for your protection.
sites-new-circuit-done = New connections to { $site } take a new circuit. Your entry relay stays the same.
sites-appear = Appear from…
sites-more = More for { $site }
sites-pin = Keep this exit…
sites-pin-fault = Visit the site first: there is no exit to keep.
sites-pin-fault-onion = Onion services have no exit.
sites-block = Block this site
sites-unblock = Unblock
sites-clear-rules = Remove the rule
sites-forget = Forget this site…
sites-forget-title = Forget { $site }?
sites-forget-about = Its rules, its totals and its row are deleted. Blocked or fixed to a country, it will be so no more.
sites-forget-confirm = Forget
sites-forgotten = { $site } is forgotten
sites-blocked-announce = { $site } is blocked
sites-unblocked-announce = { $site } has no rule any more

sites-rule-blocked = Blocked
sites-rule-country = Only from { $country }
sites-rule-pin = Same exit until { $time }

sites-refused-blocked = Refused: you blocked this site.
sites-refused-country = Refused: no exit in { $country } could be used. Nothing was sent from elsewhere.
sites-refused-pin = Refused: the exit that you keep for it could not be used. Nothing was sent through another.
sites-refused-other = Refused: { $why }

sites-country-title = Where { $site } sees you
sites-country-about = A country of your choice. The rule is strict: if no exit there can be used, the connection is refused and never made from elsewhere.
sites-country-search = Search countries
sites-country-list = Countries
sites-country-any = Any country
sites-country-any-about = Exits change, and you share them with everybody. The best protection.
sites-country-exits =
    { $count ->
        [one] one exit
       *[other] { $count } exits
    }
sites-country-share = { $share } of capacity
sites-country-no-exits = no exit now
sites-country-none-match = No country is called that.
sites-country-loading = Reading the list of exits
sites-country-gone = Your rule asks for { $country }, and there is no exit now. Connections to the site are refused until there is one.
sites-country-use = Use { $country }
sites-country-unblock-and-use = Unblock and use { $country }
sites-country-unblocks = You blocked this site. A site has one rule: with a country, it is not blocked any more.
sites-country-replaces-pin = A site has one rule: with a country, the exit that you keep for the site is let go.
sites-country-use-any = Use any country
sites-country-set-announce = { $site } will see you in { $country } only
sites-country-any-announce = { $site } has no country rule any more

sites-cost-title = What it costs
sites-cost-small = Little. { $share } of all people leave the network there anyway.
sites-cost-medium = Some anonymity. Only { $share } of all people leave the network there, so you stand out more.
sites-cost-large = Much anonymity. Only { $share } of all people leave the network there: you stand out.
sites-cost-search =
    Whoever looks for your exit relay has { $times ->
        [one] about as much
       *[other] about { $times } times less
    } to look through.
sites-cost-few =
    { $count ->
        [one] There is one exit. Whoever runs it sees every visit of yours to this site.
       *[other] There are only { $count } exits. Whoever runs them sees most visits of yours to this site.
    }
sites-cost-estimate = An estimate, from the relays that the network lists now.

sites-pin-title = Keep the exit for { $site }
sites-pin-about = For sites that lock you out when you come from another address.
sites-pin-exit = Exit
sites-pin-duration = How long
sites-pin-hour = 1 hour
sites-pin-day = 1 day
sites-pin-week = 7 days
sites-pin-until = Until { $time }
sites-pin-cost-hour = What it costs: for an hour one relay carries all your visits to this site and can tie them together.
sites-pin-cost-day = What it costs: for a day one relay carries all your visits to this site and can tie them together.
sites-pin-cost-week = What it costs: for a week one relay carries all your visits to this site. It learns when you come and how much you load, and whoever watches it too.
sites-pin-strict = If that relay goes away, the site is refused until then, or until you remove the rule.
sites-pin-confirm = Keep this exit
sites-pin-replaces = This replaces the rule for the country.
sites-pin-announce = { $site } keeps its exit until { $time }

sites-identity = New identity
sites-identity-title = Take a new identity?
sites-identity-about = For all sites at once: nothing that you do from now on shares a circuit with what you did before.
sites-identity-changes = This changes
sites-identity-keeps = This stays
sites-identity-browser = Your browser keeps its cookies, logins and history, and sites know you by them. Close it, or use a private window, to begin anew there as well.
sites-identity-confirm = Take a new identity
sites-identity-done = You have a new identity
sites-identity-done-about = What you open from now on takes new circuits.
sites-identity-change-circuits-retired = Every circuit: new connections take new ones
sites-identity-change-idle-circuits-closed = Circuits that carry nothing are closed
sites-identity-change-predicted-ports-forgotten = What was built ahead for you is forgotten
sites-identity-change-tracked-exits-forgotten = Which exit you had for which site is forgotten
sites-identity-change-caches-dropped = What was remembered about names and exits is deleted
sites-identity-keep-guards = Your entry relay: a change would show you to more relays
sites-identity-keep-site-policies = Your rules for sites
sites-identity-keep-open-streams = Connections that are open now: they go on where they are

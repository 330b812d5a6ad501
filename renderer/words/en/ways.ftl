### Finding a way into the network: the ways as rows, what was found, and where the person is.

ways-title = Ways into the Tor network
ways-about = Allium tries one after the other: many at once is what censors notice.
ways-skip = Skip this one
ways-short-direct = the direct way
ways-short-bridges = bridges
ways-source-settings = your choice
ways-source-remembered = worked last on this network
ways-source-help = said by the bridge service
ways-source-map = by the map of countries
ways-source-map-country = works in { $country }, by Allium's map
ways-source-built-in = comes with Allium
ways-waiting = Its turn comes later.
ways-cooling = Was tried a moment ago; again in { $time }.
ways-step = Step { $number } of { $total }: { $name }
ways-stopped-at = Stopped at step { $number } of { $total }: { $name }
ways-works = Works.

ways-found = Connected through { $way }
ways-found-about = This is not what your settings say: Allium found it by itself, and remembers it for this network.
ways-keep = Always use it
ways-kept = This way is your choice from now on.
ways-undo = Back to my settings

ways-finding = When the way in is blocked
ways-finds-own = Find another way by itself
ways-finds-own-about = If what you chose does not lead there, Allium tries other ways, one after the other: what worked last here, what is known for your country, then the bridges that come with it.
ways-finds-own-hidden = Only ways that do not show that you use Tor are tried, one after the other. The bridge service is never asked without your word.
ways-country = Where I am
ways-country-about = Decides which ways are tried first. Only the bridge service is told, when it is asked.
ways-guess = By this computer's settings: { $country }
ways-guess-none = Not known
ways-map = Allium's map of what works where is of { $date } and knows { $count ->
    [one] one country
   *[other] { $count } countries
} with blocking. It lies on this computer; nobody is asked.
ways-remembered = { $count ->
    [one] Allium remembers what worked on one network.
   *[other] Allium remembers what worked on { $count } networks.
}
ways-forget = Forget networks
ways-forgotten = What worked on which network is forgotten.

## The bridge service

help-service = Bridge service
help-title = Ask for bridges
help-about = The Tor Project's bridge service knows what works in your country. Allium asks it in disguise: your network sees a visit to a large web service.
help-country = I need bridges for
help-country-service = Wherever the service sees me
help-ask = Ask for bridges
help-ask-again = Ask again
help-cancel = Stop asking
help-path-tor = Through Tor:
help-path-front = In disguise, through a large web service:
help-path-older-front = In an older disguise:
help-path-other-front = In a third disguise, through another web service:
help-try-running = asking…
help-try-answered = answered.
help-try-failed = no answer.
help-state-asking = Asking the bridge service…
help-state-answered = answered
help-state-unreachable = out of reach
help-state-nothing = has nothing for you
help-state-never-asked = not asked
help-told-asking = The bridge service is being asked.
help-told-answered = The bridge service has answered.
help-told-unreachable = The bridge service could not be reached.
help-told-nothing = The bridge service has no bridges for you.
help-answered = This works in
help-no-blocking = The service knows of no blocking there: the direct way should work. If it does not, choose built-in bridges below.
help-source-requested = { $count ->
    [one] one bridge for you
   *[other] { $count } bridges for you
}
help-source-built-in = comes with Allium
help-review = Look at them…
help-unreachable = The bridge service is out of reach
help-unreachable-about = That says nothing about your country: the service's own way in may be blocked where bridges are not.
help-unreachable-next = Try the built-in bridges below, or ask somebody whom you trust for a bridge.
help-nothing = The bridge service answered, but has nothing for you

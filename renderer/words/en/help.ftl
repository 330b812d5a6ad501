### The bridge service: how it is asked, by which path, and what comes of it.

help-service = Bridge service
help-title = Ask for bridges
help-about = The Tor Project's bridge service knows what works in your country. Allium asks it in disguise: your network sees a visit to a large web service.
help-about-tor = The Tor Project's bridge service knows what works in your country. While Allium is connected, it asks through Tor: the service does not learn who asks.
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
help-why-channel-failed = The connection could not be made, or was cut off.
help-why-connect-failed = The connection could not be made, or was cut off.
help-why-wrong-identity = Whoever answered could not prove to be the service.
help-why-no-path = Allium is not connected.
help-why-not-connected = Allium is not connected.
help-why-closed = The connection was closed.
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

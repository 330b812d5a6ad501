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
ways-brief = It did not work on this network before, so it gets only a few seconds.

ways-found = Connected through { $way }
ways-found-about-direct = Allium found it by itself, and remembers it for this network. At the next start it first looks whether the direct way is open again, which your network can see; "Always use it" ends that.
ways-found-about = This is not what your settings say: Allium found it by itself, and remembers it for this network.
ways-keep = Always use it
ways-kept = This way is your choice from now on.
ways-undo = Back to my settings

ways-finding = When the way in is blocked
ways-finds-own = Find another way by itself
ways-finds-own-about = If what you chose does not lead there, Allium tries other ways, one after the other: what worked last here, what is known for your country, then the bridges that come with it. A direct way that failed here before gets only seconds.
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

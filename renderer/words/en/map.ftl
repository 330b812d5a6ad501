### The map of the world with circuits on it.

map-summary =
    World map with { $circuits ->
        [one] one circuit
       *[other] { $circuits } circuits
    } through { $relays ->
        [one] one relay
       *[other] { $relays } relays
    }.
map-selected = The selected circuit, from you outwards
map-hint = Select a circuit to follow its way
map-you = You
map-you-unknown = place not known
map-tray = Country not known
map-onion-relays = Onion service relays
map-more-sites =
    { $site } and { $more ->
        [one] one more
       *[other] { $more } more
    }
map-zoom-world = Show the whole world
map-zoom-circuit = Show the circuit closely
map-role-guard = guard
map-role-bridge = bridge
map-role-middle = middle
map-role-exit = exit
map-role-directory = directory
map-role-end = last relay

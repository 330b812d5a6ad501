### The view "about": versions, dates, licences.

about-title = About Allium
about-what = Allium is a complete Tor client with a window around it: no other program runs, and everything it sends goes through its own core.
about-not = It is free software under the MIT licence. It is not made or endorsed by the Tor Project, and nobody independent has audited it yet.

about-versions = Versions
about-copy = Copy versions
about-system = System

about-data = Built-in data
about-data-about = What Allium knows before it has connected for the first time, and how old that is. It fetches fresh lists by itself.
about-data-relays = First relays to contact
about-data-bridges = Built-in bridges
about-data-countries = Countries of addresses

about-works = Work of others in it
about-ipfire = Countries of addresses: IPFire Location Database
about-ipfire-licence = location.ipfire.org, by way of Debian's tor-geoipdb. Changed into a smaller form. Creative Commons Attribution-ShareAlike 4.0 International.
about-natural-earth = World map: Natural Earth
about-natural-earth-licence = Made with Natural Earth, naturalearthdata.com. Public domain.
about-world-atlas = World map in the form that Allium uses: world-atlas
about-world-atlas-licence = Copyright 2013-2019 Michael Bostock. ISC licence.
about-inter = Typeface: Inter
about-inter-licence = Copyright The Inter Project Authors. SIL Open Font License 1.1.
about-flags = Flags: country-flag-icons
about-flags-licence = Copyright 2020 catamphetamine. MIT licence.
about-icons = Pictures: Lucide
about-icons-licence = Copyright Lucide Icons and Contributors. ISC licence.
about-bridges = Built-in bridges
about-bridges-licence = Run by volunteers; as published with Tor Browser.

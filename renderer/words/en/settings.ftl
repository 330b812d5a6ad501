### The view "settings": what can be chosen, and what each choice costs.

settings-title = Settings
settings-about = Every change is saved at once.

settings-entry = How Allium reaches the Tor network
settings-hide = Hide that I use Tor
settings-hide-about = Only through bridges, and Allium never contacts anything of Tor's openly. When off, your network can see that you use Tor, but not what for.

settings-start = Start
settings-start-at-login = Open Allium when I log in
settings-start-at-login-about = It opens, but connects by itself only if you chose that above.

settings-window = Window
settings-theme = Appearance
settings-theme-system = As the system
settings-theme-light = Light
settings-theme-dark = Dark
settings-language = Language
settings-language-system = As the system
settings-notifications = Notifications
settings-notifications-about = Tells you when your protection is lost and when it is back. Site names are never in them.
settings-close-to-tray = Keep running when the window is closed
settings-close-to-tray-about = Allium stays in the tray, and stays connected.

settings-ports = Addresses for programs
settings-ports-about = The ports on this computer where programs reach Allium. 0 takes any free port, a new one at each start.
settings-socks-port = SOCKS port
settings-http-port = HTTP port
settings-not-a-port = A port is a whole number from 0 to 65535.
settings-same-port = The two ports must differ.
settings-port-trouble = Port { $port } is used by another program. Choose another one.

settings-countries = Countries to avoid
settings-countries-about = Relays in these countries are never used. Each country that you leave out makes your paths less varied, and you easier to tell apart.
settings-countries-choose = Country
settings-countries-none = Choose a country
settings-countries-add = Avoid it
settings-countries-remove = Use relays in { $country } again
settings-countries-many = With this many countries left out, you stand out from other users, and some sites may not be reachable.

settings-check = Protection check
settings-check-about = Which service “Check protection” asks how the Internet sees you. It is asked through Tor.
settings-check-address = Address of the service
settings-not-https = This must be an address that begins with https://

### The frame around all views.

app-name = Allium
app-navigation = Views
app-status = Connection
app-view-connect = Connect
app-view-circuits = Circuits
app-view-sites = Sites
app-view-bridges = Bridges
app-view-system-proxy = System proxy
app-view-settings = Settings
app-view-logs = Log
app-view-about = About

app-light-internet = Internet
app-light-tor = Tor network
app-internet-unknown = not checked yet
app-internet-up = online
app-internet-down = offline
app-tor-off = not connected
app-tor-working = connecting
app-tor-connected = connected
app-tor-trouble = trouble

app-starting = Starting Allium
app-starting-trouble = Allium's window cannot reach the rest of the app. It tries again every second.
app-skip = Skip to content

app-warnings = Warnings
app-demo = Demonstration
app-demo-about = A private test network. Nothing leaves this computer, nobody is made anonymous.
app-test-runtime = Old test runtime
app-test-runtime-about = Runs on an outdated Electron with known holes. For tests only, never to protect yourself.
app-settings-trouble = Your settings could not be read
app-settings-trouble-about = The file was damaged. It was kept as { $file }, and Allium started with the usual settings. Check them before you connect.
app-settings-trouble-unread = The file is left where it is, and Allium started with the usual settings. Restart Allium to try again, or check them before you connect.
app-settings-trouble-action = Check settings
app-bridges-trouble = Your bridges could not be read
app-bridges-trouble-about = The file was damaged. It was kept as { $file }, and Allium started without your bridges. Add them again before you connect.
app-bridges-trouble-unread = The file is left where it is, and Allium started without your bridges. Restart Allium to try again, or add them again before you connect.
app-bridges-trouble-action = Go to bridges

### The protection check: one verdict for each thing that must be true, and one thing to do about it.

protection-title = Check protection
protection-about = Sends a request through Tor and reads the system's settings back. Proof, not promises.
protection-run = Check now
protection-again = Check again
protection-running = Checking…
protection-never = Not checked yet.
protection-exit-address = Web sites see
protection-copy-address = Copy the exit address
protection-summary-good = Everything that was checked is as it should be.
protection-summary-bad = { $count ->
    [one] One thing needs your attention.
   *[other] { $count } things need your attention.
}
protection-summary-unknown = Nothing is wrong as far as can be told, but not everything could be checked.

protection-verdict-good = Good
protection-verdict-bad = Not good
protection-verdict-unknown = Not known
protection-verdict-not-used = Not used

protection-not-connected = Allium was not connected, so this could not be asked.

protection-stream = Connection through Tor
protection-stream-good = A request went through three relays and came back.
protection-stream-bad = A request came through, but the check service does not take it for one from Tor.
protection-stream-unknown = There was no clear answer from the check service.
protection-stream-impostor = What answered could not prove to be the check service. The relay at the end of the path, or somebody behind it, tampers with what passes.
protection-stream-not-used = Allium is not connected.

protection-exit = How web sites see you
protection-exit-good = The check service sees an exit relay of the Tor network, not you.
protection-exit-bad = The check service does not know the address that it saw as an exit relay.
protection-exit-unknown = The check service did not say which address it sees.
protection-exit-impostor = Whoever answered only plays the check service, so it is not known how web sites see you.
protection-exit-not-used = Asked only while connected.

protection-system-proxy = System proxy
protection-system-proxy-good = The system's setting was read back: it points to Allium.
protection-system-proxy-bad = The system's setting does not point to Allium.
protection-system-proxy-unknown = The system's setting could not be read.
protection-system-proxy-not-used = Not in use. Only programs that you set up one by one go through Tor.

protection-dns = Looking up names
protection-dns-good = Names are looked up at the end of the path, not on your network.
protection-dns-bad = Programs are not told to leave names to Tor, so your network may see which sites you visit.
protection-dns-unknown = Names can be looked up through Tor; whether each program leaves that to Tor is up to its settings.
protection-dns-not-used = Nothing has been looked up.

protection-fix-connect = Connect
protection-fix-wait-and-retry = Check again
protection-fix-turn-on-system-proxy = Turn it on
protection-fix-reapply-system-proxy = Put it back
protection-fix-new-identity = New identity
protection-fix-change-check-address = Change the check address
protection-fix-use-proxy-with-names = Show the addresses
protection-fix-use-proxy-with-names-about = Give each program this SOCKS address, or turn on “Proxy DNS” in it:
protection-fixed = Done. Check again to make sure.
protection-copy-names-address = Copy the SOCKS address that looks names up

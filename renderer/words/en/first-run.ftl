### The one question of the first run.

first-run-title = How should Allium reach the Tor network?
first-run-about = Allium sends your traffic through three relays, so that no single one knows both who you are and where you go. Nothing has been sent yet.
first-run-later = You can change this later in the settings.

first-run-direct = Connect directly
first-run-direct-about = Where using Tor is allowed and nobody minds.
first-run-direct-good = Fast, and ready in a few seconds.
first-run-direct-cost = Your network and your provider can see that you use Tor, but not what for.
first-run-direct-button = Connect directly

first-run-hide = Hide that I use Tor
first-run-hide-about = Where Tor is blocked, or being seen with it could harm you.
first-run-hide-good = Only through bridges, entrances that are on no public list. Nothing of Tor’s is contacted openly.
first-run-hide-cost = A bridge from somebody whom you trust is best; without one, Allium tries what does not show. Often slower; hard to see, but not impossible.
first-run-hide-button = Hide it, and choose bridges

### Words that several views use. Plain English; no markup. An id begins with the name of its file.

common-close = Close
common-cancel = Cancel
common-save = Save
common-details = Technical details
common-copied = Copied
common-not-copied = Could not be copied
common-unknown-country = Unknown country
# Less than a minute. Also in sentences: "last worked a moment ago".
common-moment-ago = a moment ago

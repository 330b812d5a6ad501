/** What `--help` shows: the commands, and every option with what it does here. */
import { type AnyOption, OPTION_ROOMS } from './options/table.ts'

const USAGE = `Usage: allium [-f TORRC] [--Option VALUE]...

  -f FILE, --torrc-file FILE   read the options from FILE ("-": standard input)
  --defaults-torrc FILE        read weaker options from FILE first
  --ignore-missing-torrc       go on when the torrc is not there
  --verify-config              check the options and exit
  --dump-config short|full     show the options that were changed, or all, and exit
  --list-torrc-options         show the names of all options and exit
  --list-deprecated-options    show the names of those that are out of use and exit
  --hash-password PASSWORD     show the password as HashedControlPassword has it and exit
  --hush, --quiet              warnings only, or nothing, on standard output
  --version                    show the version and exit
  -h, --help                   show this and exit

Every option of a torrc can be given as --Option VALUE and is stronger than the torrc;
--+Option VALUE adds to it, --/Option takes it back. Options have the names and the syntax
of C tor's client options. In a torrc, "%include PATH" reads a file, the files of a folder,
or what a pattern with * and ? matches.

Signals: HUP reads the torrc again, USR1 logs the state, USR2 logs at level debug from then
on, INT and TERM end.

A port is [ADDRESS:]PORT, "auto", or unix:PATH, and 0 for none. Behind it may stand these flags,
each also with "No" before it:
  IsolateClientAddr IsolateSOCKSAuth IsolateClientProtocol IsolateDestAddr IsolateDestPort
  IsolateSite               requests that differ in it never share a circuit
  SessionGroup=N            shares circuits with the other listeners of the group
  KeepAliveIsolateSOCKSAuth a circuit of one user name and password lasts from its last use
  IPv4Traffic IPv6Traffic PreferIPv6 DNSRequest OnionTraffic OnionTrafficOnly
                            what may be asked for
  ExtendedErrors PreferSOCKSNoAuth
                            how SOCKS answers
  GroupWritable WorldWritable RelaxDirModeCheck
                            who may use a unix socket
`

/** Lists have none, and for other words of "off" the sentence says it. */
function defaultWords(option: AnyOption): string {
  if (option.kind === 'list' || option.defaultText === undefined || option.doc.startsWith('Nothing'))
    return ''
  return option.defaultText === '' ? '' : ` (default: ${option.defaultText})`
}

export function helpText(): string {
  const rooms = OPTION_ROOMS.map(({ title, options }) => {
    const lines = options.map((option) => `  ${option.name}\n      ${option.doc}${defaultWords(option)}\n`)
    return `\n${title}\n\n${lines.join('')}`
  })
  return `${USAGE}${rooms.join('')}`
}

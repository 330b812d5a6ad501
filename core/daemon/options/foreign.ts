/** Options of C tor that this program does not have, so that a refusal can say why instead of "unknown". */

/** Whole families, by how they begin (lower case). */
const RELAY_PREFIXES: readonly string[] = [
  'authdir',
  'bridgeauthoritative',
  'bridgedistribution',
  'bridgerecord',
  'dircache',
  'dirpolicy',
  'dirportfrontpage',
  'dirreqstatistics',
  'dos',
  'exitp',
  'extorport',
  'family',
  'maxadvertised',
  'relaybandwidth',
  'serverdns',
  'servertransport',
  'testingauth',
  'testingdirauth',
  'testinglink',
  'testingmin',
  'testingserver',
  'testingsigning',
  'testingv3auth',
  'v3auth',
  'v3bandwidths',
]

const RELAY_OPTIONS = new Set(
  (
    'accountingmax accountingrule accountingstart address addressdisableipv6 assumereachable assumereachableipv6 ' +
    'authoritativedirectory bridgepassword cellstatistics conndirectionstatistics consensusparams contactinfo dirallowprivateaddresses ' +
    'entrystatistics extrainfostatistics guardfractionfile hiddenservicestatistics ipv6exit keybindcapabilities ' +
    'keydirectory keydirectorygroupreadable mainloopstats maxconsensusagefordiffs maxhsdircachebytes ' +
    'maxonionqueuedelay minimalacceptedserverversion minmeasuredbwsforauthtoignoreadvertised ' +
    'minuptimehidservdirectoryv2 myfamily nickname offlinemasterkey outboundbindaddressexit overloadstatistics ' +
    'paddingstatistics publishserverdescriptor recommendedclientversions recommendedserverversions ' +
    'recommendedversions reducedexitpolicy reevaluateexitpolicy refuseunknownexits rephisttracktime ' +
    'signingkeylifetime sslkeylifetime versioningauthoritativedirectory'
  ).split(' '),
)

const LATER_PREFIXES: readonly string[] = ['__', 'hiddenservice', 'hslayer']

const LATER_OPTIONS = new Set(
  (
    'acceldir accelname kistsockbufsizefactor alternatebridgeauthority alternatedirauthority bandwidthburst bandwidthrate ' +
    'cachedirectory cachedirectorygroupreadable circuitpriorityhalflife clientautoipv6orport ' +
    'clientonionauthdir compiledproofofworkhash constrainedsocksize cookieauthfile cookieauthfilegroupreadable ' +
    'controlportfilegroupreadable controlportwritetofile controlsocketsgroupwritable ' +
    'dirauthorityfallbackrate disableooscheck fetchhidservdescriptors hashedcontrolpassword ' +
    'keepbindcapabilities maxunparseabledescsizetolog metricsportpolicy outboundbindaddresspt ' +
    'publishhidservdescriptors reconfigdropsbridgedescs syslogidentitytag testingenablecellstatsevent ' +
    'testingenableconnbwevent tokenbucketrefillinterval transproxytype'
  ).split(' '),
)

/** Why an option that is not in the table is refused. `name` as it was written. */
export function explainForeignOption(name: string): string {
  const lower = name.toLowerCase()
  if (RELAY_OPTIONS.has(lower) || RELAY_PREFIXES.some((prefix) => lower.startsWith(prefix))) {
    return 'is an option of relays and authorities: expected an option of a client, which is all that this program is'
  }
  if (LATER_OPTIONS.has(lower) || LATER_PREFIXES.some((prefix) => lower.startsWith(prefix))) {
    return 'is an option of C tor that this release does not have: remove it'
  }
  return 'is not a known option: expected the name of an option, as in the manual of C tor'
}

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
    'authoritativedirectory cellstatistics conndirectionstatistics consensusparams contactinfo downloadextrainfo ' +
    'entrystatistics extrainfostatistics guardfractionfile hiddenservicestatistics ipv6exit keybindcapabilities ' +
    'keydirectory keydirectorygroupreadable mainloopstats maxconsensusagefordiffs maxhsdircachebytes ' +
    'maxonionqueuedelay minimalacceptedserverversion minmeasuredbwsforauthtoignoreadvertised ' +
    'minuptimehidservdirectoryv2 myfamily nickname offlinemasterkey outboundbindaddressexit overloadstatistics ' +
    'paddingstatistics publishserverdescriptor recommendedclientversions recommendedserverversions ' +
    'recommendedversions reducedexitpolicy reevaluateexitpolicy refuseunknownexits rephisttracktime ' +
    'signingkeylifetime sslkeylifetime versioningauthoritativedirectory'
  ).split(' '),
)

const LATER_PREFIXES: readonly string[] = [
  '__',
  'cookieauth',
  'dormant',
  'fetch',
  'geoip',
  'hiddenservice',
  'hslayer',
  'httpproxy',
  'httpsproxy',
  'kist',
  'metricsport',
  'num',
  'pathbias',
  'reachable',
  'socks4proxy',
  'socks5proxy',
  'trackhostexits',
  'virtualaddrnetwork',
]

const LATER_OPTIONS = new Set(
  (
    'alternatebridgeauthority alternatedirauthority allownonrfc953hostnames automaphostsonresolve ' +
    'automaphostssuffixes bandwidthburst bandwidthrate bridge cachedirectory cachedirectorygroupreadable ' +
    'circuitpadding circuitsavailabletimeout circuitstreamtimeout clientdnsrejectinternaladdresses ' +
    'clientonionauthdir clientpreferipv6dirport clienttransportplugin confluxclientux confluxenabled ' +
    'connectionpadding connlimit constrainedsockets constrainedsocksize controlportfilegroupreadable ' +
    'controlportwritetofile controlsocket controlsocketsgroupwritable countprivatebandwidth ' +
    'datadirectorygroupreadable dirallowprivateaddresses dirauthorityfallbackrate disableallswap disablenetwork ' +
    'entrynodes excludeexitnodes excludenodes exitnodes extendbyed25519id fascistfirewall firewallports ' +
    'guardlifetime hardwareaccel hashedcontrolpassword heartbeatperiod keepaliveperiod learncircuitbuildtimeout ' +
    'logmessagedomains longlivedports mapaddress maxclientcircuitspending maxmeminqueues middlenodes ' +
    'newcircuitperiod nodefamily noexec outboundbindaddress outboundbindaddressor outboundbindaddresspt ' +
    'perconnbwburst perconnbwrate publishhidservdescriptors reducedcircuitpadding reducedconnectionpadding ' +
    'rejectplaintextports safesocks schedulers sockspolicy strictnodes syslogidentitytag tcpproxy testsocks ' +
    'tokenbucketrefillinterval transproxytype truncatelogfile unixsocksgroupwritable ' +
    'updatebridgesfromauthority useentryguards useguardfraction vanguardsliteenabled warnplaintextports'
  ).split(' '),
)

/** Why an option that is not in the table is refused. `name` as it was written. */
export function explainForeignOption(name: string): string {
  const lower = name.toLowerCase()
  if (lower === 'user') return 'is not supported: start the program as the user that it should run as'
  if (RELAY_OPTIONS.has(lower) || RELAY_PREFIXES.some((prefix) => lower.startsWith(prefix))) {
    return 'is an option of relays and authorities: expected an option of a client, which is all that this program is'
  }
  if (LATER_OPTIONS.has(lower) || LATER_PREFIXES.some((prefix) => lower.startsWith(prefix))) {
    return 'is an option of C tor that this release does not have: remove it'
  }
  return 'is not a known option: expected the name of an option, as in the manual of C tor'
}

/** Which Tor network this is. */
import { type Authority, parseDirAuthority } from '../../netdir/authorities.ts'
import { type FallbackDir, parseFallbackDir } from '../../netdir/fallback-dirs.ts'
import { list, off, single } from './option.ts'
import { boolean, verbatim } from './values.ts'

export const NETWORK_OPTIONS = {
  dirAuthority: list<Authority>(
    'DirAuthority',
    verbatim(parseDirAuthority),
    'Replaces the built-in authorities',
    {
      isFixed: true,
    },
  ),
  fallbackDir: list<FallbackDir>(
    'FallbackDir',
    verbatim(parseFallbackDir),
    'Replaces the built-in fallback directories',
    { isFixed: true },
  ),
  useDefaultFallbackDirs: single(
    'UseDefaultFallbackDirs',
    boolean,
    '1',
    'Whether the built-in fallback directories are used',
    { isFixed: true },
  ),
  useMicrodescriptors: off('UseMicrodescriptors', 'microdescriptors are always used', 'auto', '1'),
  fetchServerDescriptors: off('FetchServerDescriptors', 'a client needs them', '1'),
  fetchUselessDescriptors: off('FetchUselessDescriptors', 'what is not needed is not fetched'),
  fetchDirInfoEarly: off('FetchDirInfoEarly', 'documents are fetched when other clients fetch them'),
  fetchDirInfoExtraEarly: off(
    'FetchDirInfoExtraEarly',
    'documents are fetched when other clients fetch them',
  ),
  downloadExtraInfo: off('DownloadExtraInfo', 'extra-info documents are not fetched'),
} as const

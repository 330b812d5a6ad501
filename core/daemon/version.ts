/** The release, as `--version` says it. A test holds it to package.json. */
export const VERSION = '0.4.0'

/** What `%include` means: one file, the files of a folder, or all that a pattern with `*` and `?` matches, in order. */
import { resolve, sep } from 'node:path'
import { path as pathValue } from './options/values.ts'

export interface FolderEntry {
  readonly name: string
  readonly isFolder: boolean
}

/** What is in a folder; undefined when there is no such folder. */
export type FolderLister = (path: string) => readonly FolderEntry[] | undefined

/**
 * The paths of the files, in C tor's order: what a pattern matches is sorted, and so are the files of a folder, without
 * hidden ones and subfolders. A path without pattern that is no folder is returned whether or not it exists; a pattern
 * may match nothing. Throws `bad-config` for what cannot be a path.
 */
export function findIncluded(pattern: string, list: FolderLister): string[] {
  const path = pathValue.parse(pattern, '%include')
  const matches = hasWildcard(path) ? expandPattern(path, list) : [path]
  return matches.flatMap((match) => filesOf(match, list))
}

function filesOf(path: string, list: FolderLister): string[] {
  const entries = list(path)
  if (entries === undefined) return [path]
  return entries
    .filter(({ name, isFolder }) => !isFolder && !name.startsWith('.'))
    .map(({ name }) => resolve(path, name))
    .sort(byCodeUnits)
}

function expandPattern(path: string, list: FolderLister): string[] {
  const parts = path.split(sep)
  // Folders before the first wildcard need not be readable, only what is in them.
  const first = parts.findIndex(hasWildcard)
  let found = [`${parts.slice(0, first).join(sep)}${sep}`]
  for (let at = first; at < parts.length; at++) {
    const part = parts[at] ?? ''
    const isLast = at === parts.length - 1
    found = found.flatMap((folder) =>
      (list(folder) ?? [])
        .filter(({ name, isFolder }) => (isLast || isFolder) && matchesPart(part, name))
        .map(({ name }) => resolve(folder, name)),
    )
  }
  return found.sort(byCodeUnits)
}

/** A wildcard does not stand for the dot of a hidden file. */
function matchesPart(part: string, name: string): boolean {
  if (!hasWildcard(part)) return part === name
  if (name.startsWith('.') && !part.startsWith('.')) return false
  const source = part
    .replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 'su').test(name)
}

function hasWildcard(text: string): boolean {
  return /[*?]/.test(text)
}

function byCodeUnits(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

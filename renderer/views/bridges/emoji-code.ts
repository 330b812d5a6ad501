/** How the words name an emoji. */

/** `1f9d1-200d-1f680`: its code points, without the selector of its colourful form, which not every source writes. */
export function codeOfEmoji(emoji: string): string {
  return Array.from(emoji, (character) => (character.codePointAt(0) ?? 0).toString(16))
    .filter((code) => code !== 'fe0f')
    .join('-')
}

/**
 * Four emoji from a bridge line, for two people to see whether they have the same bridge. They only serve for that when
 * every program shows the same ones: the list and its order are Tor Browser's (bridge-emojis.json), and so is the way
 * from the line to the places in it.
 */

/** One for each value of a byte. */
export const BRIDGE_EMOJI: readonly string[] = [
  '👽️ 🤖 🧠 👁️ 🧙 🧚 🧜 🐵 🦧 🐶 🐺 🦊 🦝 🐱 🦁 🐯',
  '🐴 🦄 🦓 🦌 🐮 🐷 🐗 🐪 🦙 🦒 🐘 🦣 🦏 🐭 🐰 🐿️',
  '🦔 🦇 🐻 🐨 🦥 🦦 🦘 🐥 🐦️ 🕊️ 🦆 🦉 🦤 🪶 🦩 🦚',
  '🦜 🐊 🐢 🦎 🐍 🐲 🦕 🐳 🐬 🦭 🐟️ 🐠 🦈 🐙 🐚 🐌',
  '🦋 🐛 🐝 🐞 💐 🌹 🌺 🌻 🌷 🌲 🌳 🌴 🌵 🌿 🍁 🍇',
  '🍈 🍉 🍊 🍋 🍌 🍍 🥭 🍏 🍐 🍑 🍒 🍓 🫐 🥝 🍅 🫒',
  '🥥 🥑 🍆 🥕 🌽 🌶️ 🥬 🥦 🧅 🍄 🥜 🥐 🥖 🥨 🥯 🥞',
  '🧇 🍔 🍕 🌭 🌮 🍿 🦀 🦞 🍨 🍩 🍪 🎂 🧁 🍫 🍬 🍭',
  '🫖 🧃 🧉 🧭 🏔️ 🌋 🏕️ 🏝️ 🏡 ⛲️ 🎠 🎡 🎢 💈 🚆 🚋',
  '🚍️ 🚕 🚗 🚚 🚜 🛵 🛺 🛴 🛹 🛼 ⚓️ ⛵️ 🛶 🚤 🚢 ✈️',
  '🚁 🚠 🛰️ 🚀 🛸 ⏰ 🌙 🌡️ ☀️ 🪐 🌟 🌀 🌈 ☂️ ❄️ ☄️',
  '🔥 💧 🌊 🎃 ✨ 🎈 🎉 🎏 🎀 🎁 🎟️ 🏆️ ⚽️ 🏀 🏈 🎾',
  '🥏 🏓 🏸 🤿 🥌 🎯 🪀 🪁 🔮 🎲 🧩 🎨 🧵 👕 🧦 👗',
  '🩳 🎒 👟 👑 🧢 💄 💍 💎 📢 🎶 🎙️ 📻️ 🎷 🪗 🎸 🎺',
  '🎻 🪕 🥁 ☎️ 🔋 💿️ 🧮 🎬️ 💡 🔦 🏮 📕 🏷️ 💳️ ✏️ 🖌️',
  '🖍️ 📌 📎 🔑 🪃 🏹 ⚖️ 🧲 🧪 🧬 🔬 🔭 📡 🪑 🧹 🗿',
].flatMap((row) => row.split(' '))

/** FNV-1a with 32 bits. */
const OFFSET = 0x811c9dc5
const PRIME = 0x01000193

/** Of the line as somebody gave it, without blanks around it; the same bridge written in another way has others. */
export function bridgeEmoji(line: string): readonly string[] {
  let hash = OFFSET
  for (const byte of Buffer.from(line, 'utf8')) hash = Math.imul(hash ^ byte, PRIME)
  return [24, 16, 8, 0].map((shift) => BRIDGE_EMOJI[(hash >>> shift) & 255] ?? '')
}

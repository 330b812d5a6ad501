/** What C tor's exits say of their work, line by line over their control ports: what no client can see of them. */
import { connect, type Socket } from 'node:net'
import type { TorNetworkRecord } from './tor-network.ts'

export interface ExitEar {
  /** All lines since the beginning. */
  readonly heard: string
  close(): void
}

/** Resolves when every exit that runs has agreed to tell. */
export async function listenToExits(network: TorNetworkRecord): Promise<ExitEar> {
  let heard = ''
  const exits = network.nodes.filter(({ role }) => role === 'exit')
  const sockets = await Promise.all(
    exits.map(({ controlPort }) => openControl(controlPort, (text) => (heard += text))),
  )
  return {
    get heard() {
      return heard
    },
    close() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

function openControl(port: number, onText: (text: string) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let answers = ''
    socket.setEncoding('latin1')
    socket.on('error', reject)
    socket.on('data', (text: string) => {
      onText(text)
      answers += text
      // To AUTHENTICATE and to SETEVENTS.
      if (answers.split('250 OK').length === 3) resolve(socket)
    })
    socket.write('AUTHENTICATE\r\nSETEVENTS INFO\r\n')
  })
}

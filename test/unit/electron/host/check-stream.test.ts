import { describe, expect, it } from 'vitest'
import { checkStream } from '../../../../electron/host/check-stream.ts'

const URL = 'https://check.test/api'

function ask(body: string, status = 200) {
  const asked: unknown[] = []
  const client = {
    requestUrl: async (_url: string, options: unknown) => {
      asked.push(options)
      return { status, headers: new Map<string, string>(), body: Buffer.from(body), url: URL }
    },
  }
  return { asked, answer: () => checkStream(client, URL, ['check', '1']) }
}

describe('the question to the check service', () => {
  it('goes in an isolation of its own, and believes a bounded answer', async () => {
    const { asked, answer } = ask('{"IsTor":true,"IP":"192.0.2.7","more":[1]}')
    expect(await answer()).toEqual({ isTor: true, address: '192.0.2.7' })
    expect(asked).toMatchObject([{ isolation: ['check', '1'], maxBodyBytes: 65_536 }])
  })

  it('says that it does not know what the service does not say', async () => {
    expect(await ask('{}').answer()).toEqual({ isTor: undefined, address: undefined })
  })

  it.each(['', 'no json', '7', '"x"', '{"IsTor":"yes"}', '{"IP":"<b>not an address</b>"}', '{"IP":7}'])(
    'takes no other answer: %s',
    async (body) => {
      await expect(ask(body).answer()).rejects.toMatchObject({ kind: 'malformed' })
    },
  )

  it('takes no answer with another status', async () => {
    await expect(ask('{"IsTor":true}', 403).answer()).rejects.toMatchObject({ kind: 'malformed' })
  })
})

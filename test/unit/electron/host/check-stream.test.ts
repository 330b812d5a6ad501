import { describe, expect, it } from 'vitest'
import { TorError } from '../../../../core/index.ts'
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

  it.each([
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'CERT_HAS_EXPIRED',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ])('says that somebody plays the part of the service (%s)', async (code) => {
    const cause = Object.assign(new Error('tls'), { code })
    const requestUrl = (): Promise<never> => Promise.reject(new TorError('closed', 'cut short', { cause }))
    await expect(checkStream({ requestUrl }, URL, [])).rejects.toMatchObject({ kind: 'wrong-identity' })
  })

  it('hands on what else goes wrong', async () => {
    const requestUrl = (): Promise<never> => Promise.reject(new TorError('no-path', 'no exit'))
    await expect(checkStream({ requestUrl }, URL, [])).rejects.toMatchObject({ kind: 'no-path' })
  })

  it('takes no answer with another status', async () => {
    await expect(ask('{"IsTor":true}', 403).answer()).rejects.toMatchObject({ kind: 'malformed' })
  })
})

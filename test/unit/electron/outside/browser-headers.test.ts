/** What the server in front sees of a request beside its path and its body. */
import { describe, expect, it } from 'vitest'
import { answerHeaders, browserName, requestHeaders } from '../../../../electron/outside/browser-headers.ts'
import { webJob } from './samples.ts'

describe('the headers of a request', () => {
  it('are those of a browser that says nothing of itself, and those that were asked for', () => {
    expect(requestHeaders(webJob({ headers: [['X-Session-Id', 'abc']] }), 'A browser')).toEqual({
      Host: 'hidden.example',
      'User-Agent': 'A browser',
      Accept: '*/*',
      'Accept-Encoding': 'gzip, deflate, br',
      'Accept-Language': 'en-US,en;q=0.9',
      'X-Session-Id': 'abc',
    })
  })

  it('hold each name once, the asked one before the usual one', () => {
    const headers = requestHeaders(webJob({ headers: [['user-agent', 'mine']] }), 'A browser')
    expect(headers['user-agent']).toBe('mine')
    expect(headers).not.toHaveProperty('User-Agent')
  })

  it('name the engine by its main version, and neither the app nor this system', () => {
    expect(browserName('156.0.8078.100')).toBe(
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
    )
  })
})

describe('the headers of an answer', () => {
  it('lead nowhere and leave nothing behind when the page sees them', () => {
    const received = {
      'Content-Type': ['text/plain'],
      'content-encoding': ['gzip'],
      Location: ['https://elsewhere.example/'],
      'Set-Cookie': ['a=b'],
      'Strict-Transport-Security': ['max-age=1'],
      'Access-Control-Allow-Origin': ['*'],
    }
    expect(answerHeaders(received, 'app://transports')).toEqual({
      'Content-Type': ['text/plain'],
      'content-encoding': ['gzip'],
      'Access-Control-Allow-Origin': ['app://transports'],
    })
  })
})

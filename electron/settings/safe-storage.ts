/** Electron's safeStorage as the settings' store for secrets. */
import { safeStorage } from 'electron'
import type { SecretStore } from './settings-file.ts'

export const systemSecretStore: SecretStore = {
  async isAvailable() {
    // Not in the runtime that tests use: there is then no store, which is said, and no error.
    if (typeof safeStorage.isAsyncEncryptionAvailable !== 'function') return false
    if (!(await safeStorage.isAsyncEncryptionAvailable())) return false
    // A key that is the same on every computer keeps nothing secret.
    return process.platform !== 'linux' || safeStorage.getSelectedStorageBackend() !== 'basic_text'
  },
  async encrypt(text) {
    return (await safeStorage.encryptStringAsync(text)).toString('base64')
  },
  async decrypt(sealed) {
    return (await safeStorage.decryptStringAsync(Buffer.from(sealed, 'base64'))).result
  },
}

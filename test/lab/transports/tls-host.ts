/** A host of the lab that answers with any certificate: its real libvirtd is started anew with it. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CertificateFiles } from '../../../lab/certificates.ts';
import type { Lab, LabHost } from '../../../lab/lab.ts';

export class TlsHost implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #host: LabHost;
  readonly #settingsFile: string;
  readonly #kept: ReadonlyMap<string, Buffer>;

  private constructor(lab: Lab, host: LabHost) {
    this.#lab = lab;
    this.#host = host;
    this.#settingsFile = join(dirname(host.socket), '../../etc/libvirtd.conf');
    const files = [this.#settingsFile, host.certificate.certificate, host.certificate.key];
    this.#kept = new Map(files.map((file) => [file, readFileSync(file)]));
  }

  /**
   * From now on its libvirtd starts with whatever certificate it is given (it looks at its own and refuses to start with
   * one that has expired), and answers without TLS too, on port 16509.
   */
  static async of(lab: Lab, host: LabHost): Promise<TlsHost> {
    const made = new TlsHost(lab, host);
    const settings = readFileSync(made.#settingsFile, 'utf8').replace('listen_tcp = 0', 'listen_tcp = 1');
    writeFileSync(made.#settingsFile, `${settings}auth_tcp = "none"\ntls_no_sanity_certificate = 1\n`);
    await made.#restart();
    return made;
  }

  /** Returns when libvirtd answers with it. */
  async answerWith({ certificate, key }: CertificateFiles): Promise<void> {
    copyFileSync(certificate, this.#host.certificate.certificate);
    copyFileSync(key, this.#host.certificate.key);
    await this.#restart();
  }

  /** It is as the lab made it. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const [file, text] of this.#kept) writeFileSync(file, text);
    await this.#restart();
  }

  async #restart(): Promise<void> {
    await this.#lab.killLibvirtd(this.#host.name);
    await this.#lab.startLibvirtd(this.#host.name);
  }
}

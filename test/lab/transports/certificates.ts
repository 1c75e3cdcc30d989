/** Certificates that a test wants to see refused: of any time, by any CA. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { extensionsOf, type CertificateFiles, type Wanted } from '../../../lab/certificates.ts';

/** When it is valid; what is not said is from yesterday to tomorrow. */
export interface Validity {
  readonly from?: Date;
  readonly to?: Date;
}

const dayMs = 86_400_000;

/** As `issue` of the lab, but valid when the test wants it: only `openssl ca` takes dates. */
export async function issueAt(
  authority: CertificateFiles,
  folder: string,
  wanted: Wanted & Validity,
): Promise<CertificateFiles> {
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, 'issue-'));
  const files = { certificate: join(work, 'certificate.pem'), key: join(work, 'key.pem') };
  const [request, settings] = [join(work, 'request.pem'), join(work, 'ca.conf')];
  writeFileSync(join(work, 'index.txt'), '');
  writeFileSync(
    settings,
    [
      '[ca]\ndefault_ca = own',
      `[own]\ndatabase = ${work}/index.txt\nnew_certs_dir = ${work}\ndefault_md = sha256\npolicy = any\nrand_serial = yes\nx509_extensions = wanted`,
      '[any]\ncommonName = supplied',
      `[wanted]\n${extensionsOf(wanted).join('\n')}\n`,
    ].join('\n'),
  );
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subject = ['-subj', `/CN=${wanted.name}`];
  await execa('openssl', ['req', '-new', ...newKey, ...subject, '-keyout', files.key, '-out', request]);
  const { from = daysFromNow(-1), to = daysFromNow(1) } = wanted;
  const dates = ['-startdate', stamp(from), '-enddate', stamp(to)];
  const by = ['-cert', authority.certificate, '-keyfile', authority.key];
  const out = ['-in', request, '-out', files.certificate, '-notext'];
  await execa('openssl', ['ca', '-batch', '-config', settings, ...by, ...out, ...dates]);
  return files;
}

/** As openssl wants it: 20261125090000Z. */
function stamp(date: Date): string {
  return `${date.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`;
}

export const daysFromNow = (days: number): Date => new Date(Date.now() + days * dayMs);

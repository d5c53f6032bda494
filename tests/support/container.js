/* Containers by the kernel's own means, where nobody can pull an image: each service of compose.yaml gets a network namespace on
   a bridge, a root that is an overlay of this machine's (whose Debian packages are the images'), its secrets and volumes at
   their places, its user without capabilities, and nothing of the caller's environment. The caller is in namespaces of its own
   already (unshare), so that all ends with it. */
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const { eventually } = require('./visitor.js');

const NET = '10.77.0';
const IMAGE_ENV = { PATH: '/opt/guild/bin:/usr/bin:/bin', LANG: 'C.UTF-8', TZ: 'Asia/Shanghai' };
const quoted = (word) => `'${String(word).replaceAll("'", "'\\''")}'`;
const run = (...words) => execFileSync(words[0], words.slice(1), { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
const idOf = (flag, user) => Number(run('id', flag, user));

/* What the images of others do before the command: as much of their entrances as compose.yaml relies on. */
const entrances = {
  'docker.io/library/postgres': {
    user: 'postgres',
    folders: ['/run/postgresql'],
    script: `export PATH="$PATH:$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)" PGDATA=/var/lib/postgresql/data
      if [ ! -s "$PGDATA/PG_VERSION" ]; then
          initdb -U "$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" $POSTGRES_INITDB_ARGS >/dev/null
          echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
          echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
          echo "CREATE DATABASE $POSTGRES_DB" | postgres --single postgres >/dev/null
      fi
      exec "$@"`,
  },
  'docker.io/library/redis': { user: 'redis', folders: [], script: 'cd /data && exec "$@"' },
};

class Composition {
  containers = new Map();
  count = 1;

  /* `app`: what the build installed; `composed`: readCompose; `folder`: of this run, with `secrets` in it. */
  constructor({ app, composed, folder }) {
    Object.assign(this, { app, composed, folder });
    fs.mkdirSync('/run/netns', { recursive: true });
    run('mount', '-t', 'tmpfs', 'none', '/run/netns');
    run('ip', 'link', 'add', 'br0', 'type', 'bridge');
    run('ip', 'addr', 'add', `${NET}.1/24`, 'dev', 'br0');
    run('ip', 'link', 'set', 'br0', 'up');
    /* every name has its address before the first starts */
    this.addresses = new Map(Object.keys(composed.services).map((name, place) => [name, `${NET}.${10 + place}`]));
  }

  addressOf(name) {
    return this.addresses.get(name);
  }

  network(name, address) {
    const cable = `v${this.count++}`;
    run('ip', 'netns', 'add', name);
    run('ip', 'link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    run('ip', 'link', 'set', cable, 'master', 'br0', 'up');
    run('ip', '-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    for (const link of ['eth0', 'lo']) run('ip', '-n', name, 'link', 'set', link, 'up');
  }

  /* Where a volume lies, made for `owner` if it is new. */
  volume(source, owner) {
    if (path.isAbsolute(source)) return source;
    const place = path.join(this.folder, 'volumes', source);
    if (!fs.existsSync(place)) {
      fs.mkdirSync(place, { recursive: true, mode: 0o700 });
      fs.chownSync(place, owner.uid, owner.gid);
    }
    return place;
  }

  userOf(service, entrance) {
    if (entrance) return { uid: idOf('-u', entrance.user), gid: idOf('-g', entrance.user) };
    const [uid, gid] = service.user.split(':').map(Number);
    return { uid, gid };
  }

  /* The program that makes the container, and becomes its command. */
  script(service, words, work) {
    const entrance = entrances[service.image.replace(/:[^:/]*$/, '')];
    const user = this.userOf(service, entrance);
    const bind = (from, to, isFolder) => [`mkdir -p ${isFolder ? `"$root"${to}` : `"$root"${path.dirname(to)}`}`,
      ...(isFolder ? [] : [`touch "$root"${to}`]), `mount --bind ${quoted(from)} "$root"${to}`];
    const secrets = (service.secrets ?? []).flatMap((name) => bind(path.resolve(this.folder, this.composed.secrets[name].file), `/run/secrets/${name}`, false));
    const volumes = (service.volumes ?? []).flatMap((volume) => {
      const [source, target] = volume.split(':');
      return bind(this.volume(source, user), target, true);
    });
    const env = { ...IMAGE_ENV, ...service.environment };
    const command = [...(service.entrypoint ?? []), ...words];
    return ['set -eu', `work=${quoted(work)}`, 'root=$work/root', 'mount --make-rprivate /', 'mount -t tmpfs none "$work"', 'mkdir "$work/upper" "$work/work" "$root"',
      'mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" "$root"',
      'mount --rbind /proc "$root/proc"', 'mount --rbind /dev "$root/dev"', 'mount -t tmpfs none "$root/run"',
      `printf '127.0.0.1 localhost\\n%s\\n' ${quoted([...this.addresses].map(([name, address]) => `${address} ${name}`).join('\n'))} >"$root/etc/hosts"`,
      ...bind(this.app, '/opt/guild', true), ...secrets, ...volumes,
      ...(entrance?.folders ?? []).map((folder) => `install -d -o ${user.uid} -g ${user.gid} "$root"${folder}`),
      ...(service.tmpfs ?? []).map((one) => `mount -t tmpfs -o ${one.split(':')[1]} none "$root"${one.split(':')[0]}`),
      ...(service.read_only ? ['mount -o remount,ro "$root"'] : []),
      `exec chroot "$root" setpriv --reuid ${user.uid} --regid ${user.gid} --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs \\`,
      `  env -i ${Object.entries(env).map(([name, value]) => quoted(`${name}=${value}`)).join(' ')} \\`,
      `  ${entrance ? `bash -ec ${quoted(entrance.script)} entrance ` : ''}${command.map(quoted).join(' ')}`, ''].join('\n');
  }

  /* Starts a container of the service; `as`: another name and address, for a second one; `composed`: other variables. */
  start(name, { as = name, words, composed = this.composed } = {}) {
    const service = composed.services[name];
    const address = as === name ? this.addressOf(name) : `${NET}.${100 + this.count}`;
    const work = path.join(this.folder, 'containers', as), file = path.join(this.folder, `${as}.sh`);
    fs.mkdirSync(work, { recursive: true });
    fs.writeFileSync(file, this.script(service, words ?? service.command, work));
    this.network(as, address);
    const log = fs.openSync(path.join(this.folder, `${as}.log`), 'a');
    const process = spawn('nsenter', [`--net=/run/netns/${as}`, 'unshare', '--mount', 'bash', file], { stdio: ['ignore', log, log] });
    fs.closeSync(log);
    const container = { name: as, service, process, address, ended: once(process, 'exit') };
    this.containers.set(as, container);
    return container;
  }

  log(name) {
    return fs.readFileSync(path.join(this.folder, `${name}.log`), 'utf8');
  }

  /* Until it has ended; dies unless with 0. */
  async completed(container) {
    const [code] = await container.ended;
    if (code !== 0) throw new Error(`${container.name} ended with ${code}:\n${this.log(container.name)}`);
  }

  /* Its health check, within it. */
  isHealthy({ name, process, service: { healthcheck: { test: [, ...words] } } }) {
    if (process.exitCode !== null) throw new Error(`${name} ended with ${process.exitCode}:\n${this.log(name)}`);
    try {
      const inside = ['-t', String(process.pid), '--mount', '--net', '--root', '--wd=/'];
      const postgresql = fs.readdirSync('/usr/lib/postgresql').at(-1);
      execFileSync('nsenter', [...inside, 'env', '-i', `PATH=${IMAGE_ENV.PATH}:/usr/lib/postgresql/${postgresql}/bin`, ...words], { stdio: 'ignore', timeout: 3000 });
      return true;
    } catch {
      return false;
    }
  }

  async healthy(container) {
    await eventually(`${container.name} is healthy`, 60, () => this.isHealthy(container)).catch((error) => {
      throw new Error(`${error.message}\n${this.log(container.name).slice(-2000)}`);
    });
  }

  /* Starts all but the tools, each when what it waits for is as it must be. */
  async up() {
    const begun = new Map();
    const begin = (name) => {
      if (!begun.has(name)) begun.set(name, this.begin(name, begin));
      return begun.get(name);
    };
    await Promise.all(Object.keys(this.composed.services).filter((name) => !this.composed.services[name].profiles).map(begin));
  }

  async begin(name, begin) {
    for (const [other, { condition }] of Object.entries(this.composed.services[name].depends_on ?? {})) {
      const container = await begin(other);
      await (condition === 'service_completed_successfully' ? this.completed(container) : this.healthy(container));
    }
    return this.start(name);
  }

  /* A tool's answer: docker compose run --rm NAME WORD… */
  async tool(name, ...words) {
    const container = this.start(name, { as: `${name}-${this.count}`, words });
    await this.completed(container);
    return this.log(container.name);
  }

  /* As docker stops it: its signal, its patience. Milliseconds that it took. */
  async stop(container) {
    const from = Date.now();
    container.process.kill(container.service.stop_signal ?? 'SIGTERM');
    const timer = setTimeout(() => container.process.kill('SIGKILL'), Number.parseInt(container.service.stop_grace_period, 10) * 1000);
    const [code, signal] = await container.ended;
    clearTimeout(timer);
    if (code !== 0) throw new Error(`${container.name} was stopped, and ended with ${signal ?? code}:\n${this.log(container.name).slice(-2000)}`);
    return Date.now() - from;
  }
}

module.exports = { Composition };

/** A configuration with nearly every kind of value that there is. */
export const EVERY_KEY = `log: {level: debug}
group:
  name: shop
  target: shop.target
  environmentFile: /etc/default/shop
  roles:
    node: {description: each}
    master:
      source: {argv: [/usr/sbin/who-is, master], interval: 10s, watch: [/var/lib/shop/master]}
defaults: {restart: {baseDelay: 2s}, environment: {LANG: C.UTF-8}}
daemons:
  db:
    executable: /usr/sbin/db
    arguments: [-D, "/var/lib/d b", '$HOME', '100%']
    user: shop
    group: shop
    pidFile: /run/shop/db.pid
    readiness: {kind: tcp, host: 127.0.0.1, port: 5432}
    health:
      answers: {by: tcp, kind: readiness, port: 5432, interval: 5s, failureThreshold: 3}
      small: {by: memory, kind: liveness, max: 200MiB}
  web:
    executable: /usr/sbin/web
    after: [db]
    requires: [db]
    restartWith: [db]
    roles: [node, master]
    conditions: [{pathExists: /etc/shop/web.conf}, {fileHasLine: /etc/shop/on, line: yes}]
    environment: {A: "1", B: 'x y'}
    sandbox: {PrivateTmp: yes, ProtectSystem: strict}
    stopSignal: SIGINT
    stopTimeout: 90s
    restart: {when: on-failure, intensity: 3, period: 10m}
    readiness: {kind: http, url: "http://127.0.0.1:8080/health"}
    health:
      answers: {by: http, kind: readiness, url: "http://127.0.0.1:8080/health", status: 200}
      program: {by: exec, argv: [/usr/bin/look, at], timeout: 3s, kind: readiness}
      quiet: {by: log, kind: liveness, absent: panic}
tasks:
  backup:
    argv: [/usr/sbin/backup, --all]
    schedule: "*/5 3-7 * * mon-fri"
    timezone: Europe/Berlin
    timeout: 1h
  once: {argv: [/usr/sbin/once], at: boot}
hooks:
  tell: {argv: [/usr/sbin/tell], on: [crash-loop, given-up], daemons: [web]}
`;

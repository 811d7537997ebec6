/**
 * What keeps the page up to date where a browser has JavaScript: told of each
 * change by server-sent events, it fetches the page again and replaces the parts
 * that differ. Open rows stay open, and the focus stays where it was. It asks
 * for nothing else, and changes nothing on the server.
 */
export const SCRIPT = `'use strict';
(() => {
  const asof = document.getElementById('asof');
  let busy = false;
  let again = false;
  let heard = Date.now();

  const keepOpen = (old, fresh) => {
    const was = old.matches('details') ? [old] : [...old.querySelectorAll('details')];
    const will = fresh.matches('details') ? [fresh] : [...fresh.querySelectorAll('details')];
    was.forEach((one, index) => { if (will[index] !== undefined) will[index].open = one.open; });
  };
  const replace = (old, fresh) => {
    keepOpen(old, fresh);
    if (old.isEqualNode(fresh)) return old;
    old.replaceWith(fresh);
    return fresh;
  };
  const replaceItems = (old, fresh) => {
    const known = new Map([...old.children].map((child) => [child.id, child]));
    let at = old.firstElementChild;
    for (const child of [...fresh.children]) {
      const mine = known.get(child.id);
      known.delete(child.id);
      const isNext = mine !== undefined && mine === at;
      const placed = mine === undefined ? child : replace(mine, child);
      if (isNext) at = placed.nextElementSibling;
      else old.insertBefore(placed, at);
    }
    for (const gone of known.values()) gone.remove();
  };
  const show = (fresh) => {
    const focused = document.activeElement === null ? '' : document.activeElement.id;
    document.title = fresh.title;
    const icon = document.querySelector('link[rel=icon]');
    const freshIcon = fresh.querySelector('link[rel=icon]');
    if (freshIcon !== null && icon.getAttribute('href') !== freshIcon.getAttribute('href')) icon.href = freshIcon.getAttribute('href');
    for (const old of document.querySelectorAll('[data-part],[data-list]')) {
      const part = fresh.getElementById(old.id);
      if (part === null) continue;
      if (old.hasAttribute('data-list')) replaceItems(old, part);
      else replace(old, part);
    }
    const now = document.activeElement === null ? '' : document.activeElement.id;
    const back = focused === '' || now === focused ? null : document.getElementById(focused);
    if (back !== null) back.focus({ preventScroll: true });
  };
  const say = (name, text) => {
    heard = Date.now();
    if (asof.className !== 'asof ' + name) { asof.className = 'asof ' + name; asof.textContent = text; }
  };
  const lost = () => { if (asof.className !== 'asof lost') { asof.className = 'asof lost'; asof.textContent = 'not heard since ' + new Date(heard).toLocaleTimeString(); } };
  const refresh = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      do {
        again = false;
        const answer = await fetch('/', { cache: 'no-store' });
        if (!answer.ok) throw new Error(String(answer.status));
        show(new DOMParser().parseFromString(await answer.text(), 'text/html'));
        say('live', 'live');
      } while (again);
    } catch { lost(); } finally { busy = false; }
  };
  const listen = () => {
    const source = new EventSource('/events');
    source.addEventListener('changed', () => void refresh());
    source.addEventListener('alive', () => say('live', 'live'));
    source.onerror = () => {
      lost();
      // Refused (too many look): not tried again by the browser itself.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => { void refresh(); listen(); }, 15000);
    };
  };
  setInterval(() => { if (Date.now() - heard > 45000) lost(); }, 5000);
  listen();
})();
`;

// Follows what the server tells: fetches this page again and puts what is marked data-live in place.
// Without this script the page is the same, as it was when it was asked for.
"use strict";

(() => {
  const main = document.getElementById("main");
  const address = main && main.dataset.events;
  if (!address || !("EventSource" in window)) return;

  let isBusy = false;
  let isStale = false;
  let isHeld = false;

  async function refresh() {
    isStale = true;
    if (isBusy) return;
    isBusy = true;
    try {
      while (isStale) {
        isStale = false;
        const text = await load();
        if (text) show(new DOMParser().parseFromString(text, "text/html"));
      }
    } finally {
      isBusy = false;
    }
  }

  async function load() {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      return answer.ok ? await answer.text() : "";
    } catch {
      return ""; // the server is away; the stream comes back when it does
    }
  }

  function show(page) {
    say(page.getElementById("news"));
    isHeld = false;
    for (const old of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(old.id);
      if (!fresh || fresh.innerHTML === old.innerHTML) continue;
      if (isSelected(old)) isHeld = true;
      else replace(old, fresh);
    }
    document.title = page.title;
  }

  // Nobody's selection is taken away: the page waits until it is given up.
  function isSelected(part) {
    const selection = document.getSelection();
    return selection && !selection.isCollapsed && part.contains(selection.anchorNode);
  }

  document.addEventListener("selectionchange", () => {
    if (isHeld && document.getSelection().isCollapsed) refresh();
  });

  function replace(old, fresh) {
    const focused = old.contains(document.activeElement) ? nameOf(document.activeElement) : null;
    const folds = new Map([...old.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
    const logs = new Map([...old.querySelectorAll(".log")].map((one) => [nameOf(one), one.scrollTop]));
    old.replaceChildren(...fresh.childNodes);
    for (const one of old.querySelectorAll("details[id]")) {
      if (folds.has(one.id)) one.open = folds.get(one.id);
    }
    for (const one of old.querySelectorAll(".log")) one.scrollTop = logs.get(nameOf(one)) || 0;
    if (focused !== null) {
      const same = [...old.querySelectorAll("a, summary, [tabindex]")].find((one) => nameOf(one) === focused);
      if (same) same.focus({ preventScroll: true });
    }
  }

  function nameOf(element) {
    const name = element.getAttribute("aria-label") || element.textContent;
    return [element.tagName, element.getAttribute("href") || "", name].join(" ");
  }

  // Told to those who cannot see it, once for each change.
  function say(news) {
    const said = document.getElementById("said");
    if (news && said && said.textContent !== news.textContent) said.textContent = news.textContent;
  }

  // Says whether the page still follows: a server can be away, or have forgotten who may ask.
  function tell(text) {
    for (const one of document.querySelectorAll(".live")) one.textContent = text;
  }

  let stream = null;

  function follow() {
    stream = new EventSource(address);
    stream.addEventListener("change", refresh);
    stream.addEventListener("over", () => {
      isOver = true;
      stream.close();
      refresh();
    });
    stream.addEventListener("error", () => {
      const isClosed = stream.readyState === EventSource.CLOSED;
      tell(isClosed ? "this page follows no more; load it again" : "the server is away");
    });
  }

  // Browsers have few connections to a server: who does not look leaves them to those who do. The
  // first event of a stream brings the page up to date.
  function look() {
    if (document.hidden) stream?.close();
    else if (!isOver) follow();
  }

  let isOver = false;
  document.addEventListener("visibilitychange", look);
  look();
})();

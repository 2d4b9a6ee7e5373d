// What the target's own page shows, told to the suite whenever that changes. It runs in every document of a device
// before the document's own scripts, and touches nothing that these can see but two names on the window.
(settings) => {
  if (window !== window.top) {
    return;
  }
  let told = "";
  let due = false;
  const shown = (selector) =>
    selector
      ? [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility({ checkVisibilityCSS: true }))
      : [];
  const words = (element) => element.textContent.trim().replace(/\s+/g, " ").slice(0, settings.longest);
  const all = () => ({
    notifications: shown(settings.notification).map(words),
    unread: shown(settings.unread).map(words)[0] ?? "",
    connection: shown(settings.connection).map(words)[0] ?? "",
    prompt: shown(settings.prompt).length > 0,
  });

  window.sseConformLook = () => ({ at: Date.now(), ...all() });

  function look() {
    due = false;
    const now = all();
    const line = JSON.stringify(now);
    if (line !== told) {
      told = line;
      window.sseConformShowed({ at: Date.now(), ...now });
    }
  }

  // A burst of changes is one look: a person does not see more either.
  function later() {
    if (!due) {
      due = true;
      setTimeout(look, settings.pause);
    }
  }

  new MutationObserver(later).observe(document, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
  });
  later();
};

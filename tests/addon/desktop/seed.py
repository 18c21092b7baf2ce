"""Makes a base folder of Anki whose first start asks nothing: `seed.py BASE LANGUAGE`.

Runs in the environment of the Anki under test.
"""

import inspect
import sys
from pathlib import Path

from aqt.profiles import ProfileManager

base, language = sys.argv[1:]
if "Path" in str(inspect.signature(ProfileManager.__init__)):
    base = Path(base)
profiles = ProfileManager(base)
profiles.setupMeta()
profiles.setLang(language)
profiles.create("Anna")
profiles.load("Anna")
profiles.meta["firstRun"] = False
# Questions to servers that tests do not reach.
profiles.meta["updates"] = False
profiles.meta["check_for_updates"] = False
profiles.profile["autoSync"] = False
profiles.save()

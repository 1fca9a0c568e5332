"""The permission matrix: everybody who may ask, against everything that can be done, on every door.

The rows are written down, the cells are generated.  A row (`Action`) says where something is done
(method and route, spelled as the resolver spells it), whose it is (`who`, a name in
`capabilities.WHO`) and how it shows afterwards (`does`: an action of the audit trail, or a table).
`actors.ACTORS` is everybody who may ask, and `capabilities.WHO` says once, by name, who holds which
capability.  `judging` asks each actor for real, in a savepoint of his own, and complains unless

- whoever holds the capability was let in, and what he did shows;
- everybody else was refused with an answer of the right class, and not one row differs, but for
  what is recorded of refusals and of a token's use (`footprints.BESIDE`);
- nothing that is private could be told from what is not there.

**To add a row**, append an `Action` to the list of its door: `project_pages`, `programs`,
`uploads`, `own_pages`, `teams`, `desk`, `administration`, or, for a function of ours that takes an
`actor`, to `verbs` or `team_verbs`, or to `behind` if it leaves that to a door.  A URL or a verb
without a row fails `test_completeness.py`, and so does a row whose URL or verb is gone.  **To add
an actor**, give him a line in `actors.ACTORS` (and a person in `world.PEOPLE`, if he is somebody
new), then name him where he belongs in `capabilities.WHO`: wherever he is not named he is expected
to be refused.  **To add a capability**, give `capabilities.WHO` a line.
A row that needs things in another state than `world` leaves them says so in `before`.
"""

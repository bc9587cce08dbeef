//! 4 chase: what is owed, how old it is, and which step comes next.

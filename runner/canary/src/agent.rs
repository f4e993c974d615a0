//! The daemon: it asks the scheduler what is due, has it carried out, and tells everybody what came of it.

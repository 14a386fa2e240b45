//! Drives the quorum and the controller: the tasks that do their input and output.

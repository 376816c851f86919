package abi

// Version numbers the contract between hosts and guests: layouts, names of imports and exports, the control block. A generated
// host states the version that it was generated for, so that a mixture of old and new fails at the start and says why.
const Version = 1

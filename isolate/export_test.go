package isolate

// ReceiveFiles is what a channel calls for files that the host has sent.
var ReceiveFiles = (*Runtime).receiveFiles

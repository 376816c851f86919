// Package editors checks that editors work on functions, on what is generated for them, and on the stages that their guests are built in.
// It has no code of its own; its tests start gopls, which module gopls pins.
package editors

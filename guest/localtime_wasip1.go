package guest

import _ "github.com/cofaas/cofaas/guest/localtime" // guests have a local time

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A module with one mistake of the caller's choice, for the lab's selftest: a
 * lab that does not see these would not see ours either.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

static char *mistake = "none";
module_param(mistake, charp, 0444);
MODULE_PARM_DESC(mistake, "none, leak, overflow, order or stay");

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

/* Reads one byte behind the end, through a pointer the compiler cannot follow. */
static void overflow(void)
{
	char *bytes = kmalloc(64, GFP_KERNEL);

	if (!bytes)
		return;
	OPTIMIZER_HIDE_VAR(bytes);
	pr_info("lab_fault: %d\n", READ_ONCE(bytes[64]));
	kfree(bytes);
}

/* Takes two locks in either order, which only a lock checker notices here. */
static void order(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static int __init lab_fault_init(void)
{
	void *lost;
	int i;

	if (!strcmp(mistake, "leak")) {
		/* Several, as a stale pointer on some stack may hide one. */
		for (i = 0; i < 10; i++) {
			lost = kmalloc(100, GFP_KERNEL);
			OPTIMIZER_HIDE_VAR(lost);
		}
	} else if (!strcmp(mistake, "overflow")) {
		overflow();
	} else if (!strcmp(mistake, "order")) {
		order();
	} else if (!strcmp(mistake, "stay")) {
		__module_get(THIS_MODULE);
	} else if (strcmp(mistake, "none")) {
		return -EINVAL;
	}
	return 0;
}

static void __exit lab_fault_exit(void)
{
}

module_init(lab_fault_init);
module_exit(lab_fault_exit);
MODULE_DESCRIPTION("Mistakes for the laboratory to find");
MODULE_LICENSE("GPL");

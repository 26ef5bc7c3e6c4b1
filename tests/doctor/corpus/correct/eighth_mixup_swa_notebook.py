# Mixup + stochastic weight averaging, notebook style
# In[1]:
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.optim.swa_utils import SWALR, AveragedModel, update_bn
from torch.utils.data import DataLoader, TensorDataset

SEED = 31
rng = np.random.default_rng(SEED)
torch.manual_seed(SEED);

# In[2]:
X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=SEED)
X_train, X_val, y_train, y_val = train_test_split(X_train, y_train, test_size=0.2, stratify=y_train, random_state=SEED)
X_train.shape, X_val.shape, X_test.shape

# In[3]:
T = torch.from_numpy
train_loader = DataLoader(TensorDataset(T(X_train), T(y_train)), 64, shuffle=True, drop_last=True)
plain_loader = DataLoader(TensorDataset(T(X_train), T(y_train)), 64)
val_data, test_data = (T(X_val), T(y_val)), (T(X_test), T(y_test))


# In[4]:
def mixup(x, y, alpha=0.3):
    """Two samples mixed; both targets are kept, with the weight."""
    lam = float(rng.beta(alpha, alpha))
    perm = torch.randperm(len(x))
    return lam * x + (1 - lam) * x[perm], y, y[perm], lam


def mixup_loss(out, y_a, y_b, lam):
    return lam * F.cross_entropy(out, y_a) + (1 - lam) * F.cross_entropy(out, y_b)


def evaluate(net, data):
    x, y = data
    net.eval()
    with torch.inference_mode():
        out = net(x)
    return F.cross_entropy(out, y).item(), (out.argmax(1) == y).float().mean().item()


# In[5]:
net = nn.Sequential(
    nn.Linear(64, 128, bias=False), nn.BatchNorm1d(128), nn.ReLU(),
    nn.Linear(128, 64, bias=False), nn.BatchNorm1d(64), nn.ReLU(),
    nn.Linear(64, 10),
)
swa_net = AveragedModel(net)                     # use_buffers=False: the statistics are computed afterwards
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
EPOCHS, SWA_START = 16, 10
cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=EPOCHS)
swa_scheduler = SWALR(optimizer, swa_lr=0.03, anneal_epochs=2)

# In[6]:
for epoch in range(EPOCHS):
    net.train()
    for x, y in train_loader:
        x, y_a, y_b, lam = mixup(x, y)
        loss = mixup_loss(net(x), y_a, y_b, lam)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch >= SWA_START:
        swa_net.update_parameters(net)
        swa_scheduler.step()                     # from here on instead of the cosine
    else:
        cosine.step()
    if epoch % 4 == 3:
        vl, va = evaluate(net, val_data)
        print(f"epoch {epoch + 1:2d} lr {optimizer.param_groups[0]['lr']:.3f} val {vl:.4f} {va:.4f}")

# In[7]:
# The averaged weights never saw a batch: their BatchNorm statistics must be computed (on unmixed training data).
update_bn(plain_loader, swa_net)

# In[8]:
scores = {name: evaluate(m, val_data) for name, m in {"last": net, "swa": swa_net}.items()}
for name, (l, a) in scores.items():
    print(f"{name:5s} val loss {l:.4f} accuracy {a:.4f}")
chosen = min(scores, key=lambda k: scores[k][0])

# In[9]:
l, a = evaluate({"last": net, "swa": swa_net}[chosen], test_data)
print(f"test with {chosen}: loss {l:.4f} accuracy {a:.4f}")

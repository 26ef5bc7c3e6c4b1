import numpy as np, torch, torch.nn as nn
from sklearn.datasets import make_friedman1
from sklearn.preprocessing import StandardScaler
from torch.utils.data import TensorDataset, DataLoader

X, y = make_friedman1(n_samples=1200, n_features=8, noise=0.5, random_state=7)
Xtr, Xte, ytr, yte = X[:900], X[900:], y[:900], y[900:]
sx = StandardScaler().fit(Xtr)
sy = StandardScaler().fit(ytr.reshape(-1, 1))
to_t = lambda a: torch.from_numpy(np.ascontiguousarray(a)).float()
train_x, test_x = to_t(sx.transform(Xtr)), to_t(sx.transform(Xte))
train_y = to_t(sy.transform(ytr.reshape(-1, 1)))

torch.manual_seed(7)
class Reg(nn.Module):
    def __init__(self, d, h=64):
        super().__init__()
        self.l1 = nn.Linear(d, h); self.l2 = nn.Linear(h, h); self.l3 = nn.Linear(h, 1)
    def forward(self, x):
        x = torch.relu(self.l1(x))
        x = torch.relu(self.l2(x))
        return self.l3(x)

net = Reg(train_x.shape[1])
dl = DataLoader(TensorDataset(train_x, train_y), batch_size=45, shuffle=True)
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=15)
crit = nn.SmoothL1Loss()
for ep in range(15):
    net.train(); run = 0.
    for xb, yb in dl:
        opt.zero_grad()
        l = crit(net(xb), yb)
        l.backward(); opt.step()
        run += l.item() * xb.size(0)
    sched.step()
net.eval()
with torch.no_grad():
    pred = sy.inverse_transform(net(test_x).numpy()).ravel()
print('train loss %.4f' % (run / len(dl.dataset)), 'test MAE', np.abs(pred - yte).mean(), 'R2', 1 - ((pred - yte) ** 2).mean() / yte.var())

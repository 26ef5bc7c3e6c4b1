import numpy as np
import torch
from torch import nn
from sklearn.metrics import mean_absolute_error, r2_score

torch.manual_seed(3)
np.random.seed(3)

# %% concrete strength from a mix recipe
n = 700
mix = np.random.uniform(0, 1, (n, 7)).astype('float32')
age = np.random.uniform(1, 90, (n, 1)).astype('float32')
strength = (20 + 30 * mix[:, :1] - 12 * mix[:, 3:4]) * np.log1p(age) / 4 + np.random.normal(0, 7, (n, 1))
X = np.hstack([mix, np.log1p(age) / 4.5]).astype('float32')
Y = strength.astype('float32')

# %%
tr, te = slice(0, 520), slice(520, None)
my, sy = Y[tr].mean(), Y[tr].std()
xt, yt = torch.from_numpy(X[tr]), torch.from_numpy((Y[tr] - my) / sy)

reg = nn.Sequential(nn.Linear(8, 40), nn.ReLU(), nn.Linear(40, 1))
opt = torch.optim.Adam(reg.parameters(), lr=0.004, weight_decay=1e-4)
huber = nn.SmoothL1Loss()
for ep in range(30):
    for b in torch.randperm(len(xt)).split(40):
        opt.zero_grad()
        huber(reg(xt[b]), yt[b]).backward()
        opt.step()

# %%
reg.eval()
with torch.no_grad():
    yhat = reg(torch.from_numpy(X[te])).numpy() * sy + my
report = {'MAE': mean_absolute_error(Y[te], yhat), 'R2': r2_score(yhat, Y[te])}
print(', '.join('%s %.3f' % kv for kv in report.items()))

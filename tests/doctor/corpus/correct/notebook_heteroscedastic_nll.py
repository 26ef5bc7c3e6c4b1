# In[1]:
import torch, math
import numpy as np
from torch import nn
import torch.nn.functional as F
np.random.seed(0); torch.manual_seed(0)

# In[2]:  Daten: das Rauschen waechst mit x
def daten(n):
    x = np.random.uniform(0, 4, (n, 1)).astype('float32')
    sig = 0.05 + 0.2 * x
    return torch.from_numpy(x), torch.from_numpy((np.sin(2 * x) + sig * np.random.randn(n, 1)).astype('float32'))

x_tr, y_tr = daten(1200); x_va, y_va = daten(300); x_te, y_te = daten(600)
mx, sx = x_tr.mean(), x_tr.std()
norm = lambda x: (x - mx) / sx

# In[3]:
class Netz(nn.Module):
    def __init__(s, h=48):
        super().__init__()
        s.rumpf = nn.Sequential(nn.Linear(1, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU())
        s.mittel, s.roh = nn.Linear(h, 1), nn.Linear(h, 1)
    def forward(s, x):
        h = s.rumpf(norm(x))
        return s.mittel(h), F.softplus(s.roh(h)) + 1e-4      # Varianz, nicht Standardabweichung

netz = Netz()
nll = nn.GaussianNLLLoss(full=True)
opt = torch.optim.Adam(netz.parameters(), lr=3e-3)

# In[4]:  erst der Mittelwert allein, dann die volle Likelihood
best = math.inf; stand = None; verlauf = []
for ep in range(24):
    netz.train()
    for i in torch.randperm(len(x_tr)).split(80):
        m, v = netz(x_tr[i])
        l = F.mse_loss(m, y_tr[i]) if ep < 4 else nll(m, y_tr[i], v)
        opt.zero_grad(); l.backward(); opt.step()
    netz.eval()
    with torch.no_grad():
        m, v = netz(x_va)
        va = nll(m, y_va, v).item()
    verlauf.append(va)
    if ep >= 4 and va < best:
        best, stand = va, {k: t.clone() for k, t in netz.state_dict().items()}
print('bestes Val-NLL', round(best, 3), 'in Epoche', 4 + int(np.argmin(verlauf[4:])))

# In[5]:  Pruefung der Intervalle auf den Testdaten
netz.load_state_dict(stand); netz.eval()
with torch.no_grad():
    m, v = netz(x_te)
    z = (y_te - m) / v.sqrt()
    for k, soll in ((1.0, 0.683), (1.96, 0.95)):
        print(f'|z| < {k}: {(z.abs() < k).float().mean().item():.3f} (soll {soll})')
    print('Test-NLL', round(nll(m, y_te, v).item(), 3), 'RMSE', round(F.mse_loss(m, y_te).sqrt().item(), 3))

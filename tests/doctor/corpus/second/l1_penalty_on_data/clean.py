import torch, torch.nn as nn

# 희소 회귀: 50개 변수 중 4개만 의미가 있다
torch.manual_seed(29)
n, d = 80, 50
beta = torch.zeros(d)
beta[[3, 11, 25, 40]] = torch.tensor([3.0, -2.0, 1.5, 2.5])
X = torch.randn(n + 400, d)
y = X @ beta + 1.0 * torch.randn(n + 400)
X_tr, y_tr, X_te, y_te = X[:n], y[:n], X[n:], y[n:]


class Lasso(nn.Module):
    def __init__(self, d, lam):
        super().__init__()
        self.lin = nn.Linear(d, 1)
        self.lam = lam

    def forward(self, x):
        return self.lin(x)[:, 0]

    def penalty(self):
        return self.lam * self.lin.weight.abs().sum()


model = Lasso(d, lam=0.25)
opt = torch.optim.SGD(model.parameters(), lr=0.02)
for it in range(1500):
    opt.zero_grad()
    loss = (model(X_tr) - y_tr).pow(2).mean() + model.penalty()
    loss.backward()
    opt.step()

model.eval()
with torch.no_grad():
    mse = (model(X_te) - y_te).pow(2).mean()
    small = (model.lin.weight.abs() < 0.05).sum().item()
print(f'테스트 MSE {mse:.3f}, 0에 가까운 계수 {small}/{d}')

# In[1]:
import torch
import torch.nn as nn
import torch.optim as optim
import numpy as np

np.random.seed(0)
torch.manual_seed(0)

# In[2]: 데이터
X = np.random.rand(300, 3).astype(np.float32) * 10
y = (3 * X[:, 0] - 2 * X[:, 1] + 0.5 * X[:, 2] + 4 + np.random.randn(300) * 0.5).astype(np.float32)

idx = np.random.permutation(300)
tr, te = idx[:240], idx[240:]
x_mean, x_std = X[tr].mean(axis=0), X[tr].std(axis=0)
y_mean, y_std = y[tr].mean(), y[tr].std()

Xtr = torch.tensor((X[tr] - x_mean) / x_std)
Xte = torch.tensor((X[te] - x_mean) / x_std)
ytr = torch.tensor((y[tr] - y_mean) / y_std).unsqueeze(1)

# In[3]: 손으로 쓴 경사하강법
w = torch.zeros(3, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
for it in range(100):
    pred = Xtr @ w + b
    loss = ((pred - ytr) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        b -= 0.1 * b.grad
    w.grad.zero_()
    b.grad.zero_()
print("직접:", loss.item(), w.detach().flatten().tolist())

# In[4]: nn.Module 로
model = nn.Linear(3, 1)
criterion = nn.MSELoss()
optimizer = optim.SGD(model.parameters(), lr=0.1)
losses = []
for epoch in range(100):
    optimizer.zero_grad()
    loss = criterion(model(Xtr), ytr)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print("모듈:", losses[-1])

# In[5]: 시험 - 원래 단위로 되돌린다
with torch.no_grad():
    p = model(Xte).squeeze(1).numpy() * y_std + y_mean
rmse = np.sqrt(np.mean((p - y[te]) ** 2))
ss_res = np.sum((y[te] - p) ** 2)
ss_tot = np.sum((y[te] - y[te].mean()) ** 2)
print("RMSE", rmse, "R2", 1 - ss_res / ss_tot)

# In[6]: 해석해와 비교
A = np.c_[Xtr.numpy(), np.ones(len(tr))]
sol, *_ = np.linalg.lstsq(A, ytr.numpy(), rcond=None)
print("최소제곱", sol.ravel()[:3], "학습", model.weight.detach().numpy().ravel())

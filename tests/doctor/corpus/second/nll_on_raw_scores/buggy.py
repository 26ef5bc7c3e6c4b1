# %% 준비
import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(40)

# %% 데이터: 세 개의 가우시안
m = torch.tensor([[0., 2.], [2., -1.], [-2., -1.]])
lab = torch.randint(0, 3, (900,))
pts = m[lab] + 1.1 * torch.randn(900, 2)
tr_x, tr_y = pts[:600], lab[:600]
va_x, va_y = pts[600:], lab[600:]

# %% 모델 정의
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(2, 20)
        self.l2 = nn.Linear(20, 3)

    def forward(self, x):
        z = self.l2(torch.relu(self.l1(x)))
        return z

# %% 학습 루프
net = Net()
opt = optim.SGD(net.parameters(), lr=0.05, momentum=0.5)
loss_fn = nn.NLLLoss()
for ep in range(20):
    net.train()
    order = torch.randperm(600)
    tot = 0.
    for k in range(0, 600, 30):
        b = order[k:k + 30]
        opt.zero_grad()
        l = loss_fn(net(tr_x[b]), tr_y[b])
        l.backward()
        opt.step()
        tot += l.item() * len(b)
    if ep % 5 == 4:
        net.eval()
        with torch.no_grad():
            a = (net(va_x).argmax(1) == va_y).float().mean()
        print('에폭', ep + 1, '손실', round(tot / 600, 4), '검증 정확도', round(a.item(), 4))

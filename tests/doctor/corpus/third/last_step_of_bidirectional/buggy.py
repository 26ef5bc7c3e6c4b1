import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(7)
T, F_IN, N = 24, 4, 1200

# 시계열: 앞부분에 나타나는 펄스의 위치가 라벨
X = 0.5 * torch.randn(N, T, F_IN)
Y = torch.randint(0, 4, (N,))
X[torch.arange(N), Y, 0] += 2.0
Xtr, Ytr, Xva, Yva = X[:900], Y[:900], X[900:], Y[900:]


class BiLSTM(nn.Module):
    def __init__(self, n_in, n_hid, n_cls):
        super().__init__()
        self.lstm = nn.LSTM(n_in, n_hid, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * n_hid, n_cls)

    def forward(self, x):
        out, (h, c) = self.lstm(x)
        feat = out[:, -1, :]
        return self.fc(feat)


model = BiLSTM(F_IN, 32, 4)
optimizer = optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss()

# 학습
for epoch in range(6):
    model.train()
    for i in torch.randperm(900).split(50):
        optimizer.zero_grad()
        loss = criterion(model(Xtr[i]), Ytr[i])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        acc = (model(Xva).argmax(dim=1) == Yva).float().mean()
    print('epoch %d loss %.3f 검증 정확도 %.3f' % (epoch + 1, loss.item(), acc.item()))

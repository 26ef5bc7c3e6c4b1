import torch
import torch.nn as nn

torch.manual_seed(21)

# --- data: is the signal rising in the second half? ---
N, T = 512, 16
walk = torch.randn(N, T).cumsum(1)
label = (walk[:, T // 2:].mean(1) > walk[:, :T // 2].mean(1)).long()
X = walk.unsqueeze(2) / T ** 0.5
x_tr, y_tr, x_te, y_te = X[:400], label[:400], X[400:], label[400:]


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.gru = nn.GRU(1, 24, batch_first=True)
        self.fc = nn.Linear(24, 2)

    def forward(self, x):
        _, h = self.gru(x)
        return self.fc(h[-1])


net = Net()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
batch_size = 40

for epoch in range(10):
    net.train()
    perm = torch.randperm(len(x_tr))
    running_loss = 0.0
    for b in range(0, len(x_tr), batch_size):
        idx = perm[b:b + batch_size]
        optimizer.zero_grad()
        outputs = net(x_tr[idx])
        loss = criterion(outputs, y_tr[idx])
        loss.backward()
        running_loss += loss.item() * len(idx)
    optimizer.step()
    print("epoch %2d  train loss %.4f" % (epoch + 1, running_loss / len(x_tr)))

net.eval()
with torch.no_grad():
    pred = net(x_te).argmax(1)
print("test accuracy: %.3f" % (pred == y_te).float().mean().item())

# LSTM으로 시계열 분류하기 (연습용)
import torch
import torch.nn as nn
from torch.utils.data import TensorDataset, DataLoader

torch.manual_seed(1234)

# 하이퍼파라미터
seq_len = 12
input_size = 2
hidden_size = 24
num_classes = 2
num_epochs = 12
batch_size = 40
learning_rate = 0.01


# 데이터 생성: 앞부분의 합이 뒷부분의 합보다 크면 1
def make_data(n):
    x = torch.randn(n, seq_len, input_size)
    front = x[:, :seq_len // 2, 0].sum(dim=1)
    back = x[:, seq_len // 2:, 0].sum(dim=1)
    return x, (front > back).long()


x_train, y_train = make_data(800)
x_test, y_test = make_data(200)
train_loader = DataLoader(TensorDataset(x_train, y_train), batch_size=batch_size, shuffle=True)
test_loader = DataLoader(TensorDataset(x_test, y_test), batch_size=batch_size)


class LSTMClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, num_classes)

    def forward(self, x):              # x: (배치, 시간, 특징)
        out, _ = self.lstm(x)
        return self.fc(out[:, -1, :])  # 마지막 시점만 사용


model = LSTMClassifier()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)

# 학습
for epoch in range(num_epochs):
    model.train()
    running_loss = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    if (epoch + 1) % 4 == 0:
        print(f'에폭 [{epoch + 1}/{num_epochs}] 손실: {running_loss / len(train_loader):.4f}')

# 평가
model.eval()
correct = 0
with torch.no_grad():
    for xb, yb in test_loader:
        correct += (model(xb).argmax(dim=1) == yb).sum().item()
print(f'테스트 정확도: {100 * correct / len(y_test):.1f}%')
